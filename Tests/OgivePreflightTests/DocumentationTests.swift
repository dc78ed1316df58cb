import FoundationEssentials
import OgivePreflight
import Testing

@Suite("Preflight: documentation", .timeLimit(.minutes(10)))
struct DocumentationTests {
    @Test("Every finding has a row on the page Preflight")
    func codes() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/ogive/Documentation.docc/Preflight.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        for code in FindingCode.allCases {
            #expect(text.contains("| `\(code.rawValue)` |"), "\(code.rawValue)")
        }
    }
}
