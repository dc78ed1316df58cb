import FoundationEssentials
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct BadRowReportTests {
    private func bad(_ line: Int, _ reason: BadRow.Reason = .notJSON) -> BadRow {
        BadRow(file: "f.jsonl", line: line, reason: reason, detail: "why \(line)")
    }

    @Test func showsTheFirstTwentyAndCountsAll() {
        var report = BadRowReport()
        #expect(report.lines.isEmpty)
        for line in 1...30 { report.add(bad(line)) }
        report.add(bad(31, .emptyPrompt))
        #expect(report.count == 31)
        #expect(report.lines.count == 22)
        #expect(report.lines.first == "f.jsonl:1: why 1")
        #expect(report.lines[20] == "… and 11 more")
        #expect(report.lines.last == "31 bad rows: not JSON 30, empty prompt 1")
    }

    @Test func sideFileHoldsTheRawTextAsJSON() throws {
        let folder = try TemporaryFolder()
        let path = BadRowFile.path(for: folder.url.appending(path: "f.jsonl").path())
        var file = BadRowFile(path: path)
        try file.flush()
        #expect(!path.isEmpty && (try? Data(contentsOf: URL(filePath: path))) == nil)
        try file.add(bad(1), raw: Array("{\"x\0".utf8) + [0xff])
        try file.flush()
        try file.add(bad(2), raw: [])
        try file.flush()
        let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        #expect(
            text == """
                {"detail":"why 1","line":1,"raw":"{\\"x\\u0000\u{fffd}","reason":"not JSON"}
                {"detail":"why 2","line":2,"raw":"","reason":"not JSON"}

                """)
    }

    @Test func unwritableSideFileIsAnError() {
        #expect {
            var file = BadRowFile(path: "/nowhere/f.bad.jsonl")
            try file.add(bad(1), raw: [])
            try file.flush()
        } throws: { "\($0)".contains("cannot write the bad rows to /nowhere/f.bad.jsonl") }
    }
}
