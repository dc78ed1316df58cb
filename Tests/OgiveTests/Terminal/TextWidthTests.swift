import Foundation
import OgiveStore
import Testing

@testable import ogive

/// No name from outside makes a line longer than a terminal is wide.
@Suite(.timeLimit(.minutes(10))) struct TextWidthTests {
    @Test func `Texts are cut by their columns`() {
        #expect(TextWidth.cut("plain", to: 5) == "plain")
        #expect(TextWidth.cut("plainly", to: 5) == "plai…")
        #expect(TextWidth.cut("plainly", to: 5, mark: "...") == "pl...")
        #expect(TextWidth.cut("漢字漢字", to: 8) == "漢字漢字")
        #expect(TextWidth.cut("漢字漢字", to: 6) == "漢字…")
        #expect(TextWidth.cut("é\u{301}é", to: 2) == "é\u{301}é")
        #expect(TextWidth.cut("e\u{301}e\u{301}e\u{301}", to: 2) == "e\u{301}…")
        #expect(TextWidth.cut("plain", to: 1) == "…")
        #expect(TextWidth.cut("plain", to: 0).isEmpty)
        #expect(TextWidth.cut("plain", to: 2, mark: "...").isEmpty)
    }

    @Test(arguments: [
        ("a", 1), ("漢", 2), ("e\u{301}", 1), ("\u{231A}", 2), ("🙂", 2), ("🇩🇪", 4), ("⌚", 2),
        ("\u{1100}\u{1161}", 2), ("가", 2), ("👩‍👩‍👧", 6), ("✓", 1), ("…", 1), ("─", 1), ("❤️", 2),
        (String(repeating: "\u{1100}", count: 340), 680),
    ])
    func `Columns are those of the scalars`(text: String, columns: Int) {
        #expect(TextWidth.columns(text) == columns)
    }

    @Test(arguments: [
        String(repeating: "\u{1100}", count: 340), String(repeating: "👩\u{200d}", count: 340),
        String(repeating: "🇩", count: 340), String(repeating: "\u{231A}", count: 340),
        "a" + String(repeating: "\u{903}", count: 340),
    ])
    func `One character of many scalars is cut`(text: String) {
        #expect(TextWidth.columns(TextWidth.cut(text, to: 20)) <= 20)
        var table = TextTable(["NAME", "NOTE"])
        table.add([text, text])
        #expect(table.lines(width: 60).allSatisfy { $0.unicodeScalars.count <= 400 })
        let note = TextWidth.columns(table.lines(width: 240)[1])
        #expect(note <= 240)
    }

    @Test func `Columns of a table are aligned by what a terminal shows`() {
        var table = TextTable(["NAME", "N"], [.left, .right])
        table.add(["漢字", "1"])
        table.add(["e\u{301}", "22"])
        #expect(table.lines() == ["NAME   N", "漢字   1", "e\u{301}     22"])
    }

    @Test func `A hostile cell makes no column wide, and no line of a pipe long`() {
        var table = TextTable(["NAME", "NOTE"])
        table.add([String(repeating: "x", count: 4000), String(repeating: "y", count: 40_000)])
        for _ in 0..<3 { table.add(["short", "note"]) }
        let lines = table.lines()
        #expect(lines.allSatisfy { $0.count <= TextTable.cellMax + 2 + TextTable.lastMax })
        #expect(lines[2].count == TextTable.cellMax + 2 + 4)
    }

    @Test func `Outages of a worker are listed up to a number`() throws {
        let long = String(repeating: "x", count: 4000)
        let outage = try JSONDecoder().decode(
            UnavailableEndpoint.self,
            from: Data(
                """
                {"model": "\(long)", "endpoint": "\(long)", "code": "\(long)",
                 "message": "\(long)", "since": "\(long)"}
                """.utf8))
        let lines = StatusCommand.outageLines(
            (0..<12).map { ("worker-\($0)", Array(repeating: outage, count: 250)) }, width: .max)
        #expect(lines.count == 1 + 12 * (StatusCommand.outagesMax + 1))
        #expect(lines.count { $0.hasPrefix("… 245 more: --json") && $0.contains("worker-") } == 12)
        #expect(lines.reduce(0) { $0 + $1.utf8.count } < 300_000)
        #expect(StatusCommand.outageLines([("w", [])], width: 80).isEmpty)
    }

    @Test(arguments: [(20, 3), (40, 1), (1, 1), (2, 2), (3, 40), (80, 24)])
    func `A picture fits into the smallest terminal`(columns: Int, rows: Int) {
        var style = TerminalStyle(isTerminal: true, hasColours: false, width: columns)
        for hasUnicode in [true, false] {
            style.hasUnicode = hasUnicode
            var picture = TopPicture()
            picture.trouble = String(repeating: "漢", count: 100)
            let lines = picture.lines(style, rows: rows - 1)
            #expect(lines.count <= max(1, rows - 1))
            for line in lines { #expect(TextWidth.columns(line) < max(1, columns), "\(line)") }
        }
    }
}
