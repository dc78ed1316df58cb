import Testing

/// Nothing is marked as unfinished.
struct UnfinishedMarkRule: Rule {
    // Written in two parts so that this file does not break its own rule.
    private static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]

    func violations(in file: SourceFile) -> [Violation] {
        let texts =
            file.path.hasSuffix(".swift")
            ? file.comments.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            : file.lines.enumerated().map { ($0.offset + 1, $0.element) }
        return texts.flatMap { line, text in
            let words = text.split { !$0.isLetter }.map(String.init)
            return Self.marks.filter(words.contains).map {
                file.violation(line, "`\($0)`: finish it or open an issue")
            }
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct UnfinishedMarkTests {
    @Test func `Nothing is marked as unfinished`() throws {
        try UnfinishedMarkRule().expectObeyed()
    }

    @Test func `A mark is found in comments of Swift and anywhere in other files`() {
        let rule = UnfinishedMarkRule()
        let mark = "TO" + "DO"
        #expect(rule.violations(in: "let a = 1 // \(mark): more").count == 1)
        #expect(rule.violations(in: "/* \(mark) */").count == 1)
        #expect(rule.violations(in: "let a = \"\(mark)\"").isEmpty)
        #expect(rule.violations(in: "-- \(mark)", path: "migrations/views/a.sql").count == 1)
    }
}
