import Testing

/// Every test has a time limit, of its own or of its suite, so that a test that hangs is a red one
/// with a name.
struct TimeLimitRule: Rule {
    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        let suites = attributes("Suite", of: file)
        let endless = suites.filter { !hasLimit(file, after: $0) }.map {
            file.violation(
                file.tokens[$0].line,
                "a suite without a time limit; write "
                    + "`@Suite(.timeLimit(.minutes(n)))`")
        }
        // What stands in an extension belongs to a suite in another file, which is looked at there.
        let isPart = file.tokens.contains { $0.text == "extension" }
        guard suites.isEmpty, !isPart else { return endless }
        return attributes("Test", of: file).filter { !hasLimit(file, after: $0) }.map {
            file.violation(
                file.tokens[$0].line,
                "a test without a time limit; mark its type "
                    + "`@Suite(.timeLimit(.minutes(n)))`")
        }
    }

    /// Where the attribute's name stands.
    private func attributes(_ name: String, of file: SourceFile) -> [Int] {
        file.tokens.indices.filter {
            file.tokens[$0].text == name && file.token($0 - 1)?.text == "@"
        }
    }

    /// Whether the attribute's arguments give a limit.
    private func hasLimit(_ file: SourceFile, after index: Int) -> Bool {
        var next = index + 1
        guard file.token(next)?.text == "(" else { return false }
        var depth = 0
        while let token = file.token(next) {
            if token.text == "timeLimit" { return true }
            if token.text == "(" { depth += 1 }
            if token.text == ")" { depth -= 1 }
            if depth == 0 { return false }
            next += 1
        }
        return false
    }
}

@Suite(.timeLimit(.minutes(10))) struct TimeLimitTests {
    @Test func `Every test has a time limit`() throws {
        try TimeLimitRule().expectObeyed()
    }

    @Test(arguments: [
        "@Suite struct A { @Test func b() {} }", "@Suite(.serialized) struct A {}",
        #"@Suite("a") struct A { let timeLimit = 1 }"#, "struct A { @Test func b() {} }",
        "@Test(arguments: [1]) func a() {}",
        "extension A { @Suite struct B {} }",
    ])
    func `A test without a limit is found`(code: String) {
        #expect(TimeLimitRule().violations(in: code).count == 1)
    }

    @Test(arguments: [
        "@Suite(.timeLimit(.minutes(1))) struct A { @Test func b() {} }",
        #"@Suite("a", .serialized, .timeLimit(.minutes(1))) struct A {}"#,
        "@Test(.timeLimit(.minutes(1)), arguments: [1]) func a() {}",
        "extension A { @Test func b() {} }", "struct A {}",
    ])
    func `A test with a limit is fine`(code: String) {
        #expect(TimeLimitRule().violations(in: code).isEmpty)
    }
}
