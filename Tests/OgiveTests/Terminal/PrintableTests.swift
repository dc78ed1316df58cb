import Foundation
import Testing

@testable import ogive

/// What comes from outside does nothing to a terminal but to be seen.
@Suite(.timeLimit(.minutes(10))) struct PrintableTests {
    /// A title by OSC, a cleared screen, a forged line, a carriage return, a bell, C1's CSI, text
    /// turned around, a line separator, an invisible tag, a byte-order mark, DEL.
    private static let hostile = [
        "\u{1b}]0;owned\u{7}", "\u{1b}[2J\u{1b}[H", "a\n2026-01-01T00:00:00Z notice coordinator:",
        "good\rbad", "\u{7}", "\u{9b}31m", "\u{202e}gpj.exe", "\u{2066}x", "a\u{2028}b", "\u{85}",
        "\u{e0041}", "\u{feff}", "\u{7f}", "\u{1b}[8mhidden", "\u{1b}[31", "\u{1b}", "\u{0}",
        "\u{1b}[31mred\u{1b}[0m", "\u{1b}[0m", "a\u{3164}", "a\u{115f}\u{1160}", "a\u{34f}b",
        "a\u{fe0f}", "\u{2800}", "❤\u{fe0f}\u{fe0f}", "a\u{e0100}",
        "a" + String(repeating: "\u{301}", count: 1000),
        "ก" + String(repeating: "\u{e49}", count: 9),
        "a" + String(repeating: "\u{200d}", count: 9),
    ]

    /// Whether all of it is visible; line ends may be.
    private func isHarmless(_ text: String, lines: Bool = false) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control: lines && scalar == "\n"
            case .format, .lineSeparator, .paragraphSeparator, .unassigned:
                scalar == "\u{200d}"
            default:
                scalar == "\u{fe0f}"
                    || scalar != "\u{2800}" && !scalar.properties.isDefaultIgnorableCodePoint
            }
        } && text.allSatisfy { $0.unicodeScalars.count <= 9 }
    }

    @Test(arguments: hostile) func `A line shows what it cannot write`(text: String) {
        let line = Printable.line(text)
        #expect(isHarmless(line), "\(line.debugDescription)")
        #expect(line.contains("\\"))
        #expect(Printable.line(line) == line)
    }

    @Test(arguments: hostile) func `A text keeps its lines and nothing else`(text: String) {
        #expect(isHarmless(Printable.text("a\n" + text), lines: true))
        #expect(Printable.text("a\n\tb") == "a\n\tb")
    }

    @Test(arguments: hostile) func `A line of JSON stays the same JSON`(text: String) throws {
        let line = Printable.line(ExactJSON.object(["text": .string(text)]).json)
        #expect(isHarmless(line))
        let read = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        #expect(read == ["text": text])
    }

    @Test(arguments: ["plain", "Ünïcödé ✓ — 数学 🙂", "👩‍👩‍👧", "می‌خواهم", "❤️ 🏳️‍🌈", "กำลังทำที่นี้", ""])
    func `Text of any script is left alone`(text: String) {
        #expect(Printable.line(text) == text)
    }

    @Test(arguments: hostile) func `The program's own colours are added behind the escapes`(
        text: String
    ) {
        let style = TerminalStyle(isTerminal: true, hasColours: true, width: 80)
        let painted = (style.paint(text, .red) + text).line
        let escaped = Printable.line(text)
        #expect(painted == "\u{1b}[31m\(escaped)\u{1b}[0m\(escaped)")
        let error = ErrorRendering.lines(CommandError(.input, text), style: style)
        #expect(error.first?.line.hasPrefix("\u{1b}[31merror:\u{1b}[0m ") == true)
    }

    @Test(arguments: hostile) func `Tables, failures, findings and errors are harmless`(
        text: String
    ) {
        var table = TextTable(["NAME", "NOTE"])
        table.add([text, text])
        #expect(table.lines().allSatisfy { isHarmless($0) })
        let error = ErrorRendering.lines(
            CommandError(.unavailable, "a", cause: text), style: .plain
        ).map(\.line)
        #expect(error.allSatisfy { isHarmless($0) })
        #expect(error.dropFirst().allSatisfy { $0.hasPrefix("  ") })
    }
}
