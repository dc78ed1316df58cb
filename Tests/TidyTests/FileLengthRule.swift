import Testing

/// No file by hand is longer than 500 lines, but for the protocol and the tables, which their
/// readers get in one.
struct FileLengthRule: Rule {
    private static let linesMax = 500

    func violations(in file: SourceFile) -> [Violation] {
        guard !file.isGenerated, !file.path.hasSuffix(".proto"),
            !file.path.hasPrefix("migrations/tables/"), file.lines.count > Self.linesMax
        else { return [] }
        return [
            file.violation(
                file.lines.count, "\(file.lines.count) lines; split it before \(Self.linesMax)")
        ]
    }
}

@Suite(.timeLimit(.minutes(10))) struct FileLengthTests {
    @Test func `No file is longer than 500 lines`() throws {
        try FileLengthRule().expectObeyed()
    }

    @Test func `A file of 501 lines is found, one of 500 is not, a generated one is exempt`() {
        let line = "let a = 1\n"
        let rule = FileLengthRule()
        #expect(rule.violations(in: String(repeating: line, count: 501)).count == 1)
        #expect(rule.violations(in: String(repeating: line, count: 500)).isEmpty)
        let long = String(repeating: line, count: 501)
        #expect(rule.violations(in: long, path: "Sources/OgiveWire/a.pb.swift").isEmpty)
    }
}
