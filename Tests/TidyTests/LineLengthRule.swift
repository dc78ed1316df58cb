import Testing

/// No line by hand is wider than 100 columns.
struct LineLengthRule: Rule {
    private static let columnsMax = 100

    func violations(in file: SourceFile) -> [Violation] {
        guard !file.isGenerated else { return [] }
        return file.lines.enumerated().filter { $0.element.count > Self.columnsMax }.map {
            file.violation($0.offset + 1, "\($0.element.count) columns; break the line")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct LineLengthTests {
    @Test func `No line is wider than 100 columns`() throws {
        try LineLengthRule().expectObeyed()
    }

    @Test func `A line of 101 columns is found, one of 100 is not, a generated one is exempt`() {
        let rule = LineLengthRule()
        let wide = String(repeating: "ä", count: 101)
        #expect(rule.violations(in: "a\n\(wide)\nb").map(\.place).first?.hasSuffix(":2") == true)
        #expect(rule.violations(in: String(repeating: "ä", count: 100)).isEmpty)
        #expect(rule.violations(in: wide, path: "Sources/OgiveWire/a.pb.swift").isEmpty)
    }
}
