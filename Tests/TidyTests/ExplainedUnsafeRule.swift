import Testing

/// Each use of `unsafe` has a comment that says why it is sound: on its line or the three before.
/// Uses that follow one another closely within a function may share the comment of the first.
struct ExplainedUnsafeRule: Rule {
    private static let reach = 3

    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        var explained = -Self.reach - 1
        var violations: [Violation] = []
        for (index, token) in file.tokens.enumerated() {
            if ["func", "init", "deinit"].contains(token.text) { explained = -Self.reach - 1 }
            guard isUse(file, at: index) else { continue }
            if token.line - explained <= Self.reach
                || file.hasComment(at: token.line, reach: Self.reach)
            {
                explained = token.line
            } else if violations.last?.place != "\(file.path):\(token.line)" {
                violations.append(
                    file.violation(
                        token.line, "`unsafe` without a comment that says why it is sound"))
            }
        }
        return violations
    }

    /// Whether the token is the expression keyword, and not part of an attribute or a name.
    private func isUse(_ file: SourceFile, at index: Int) -> Bool {
        guard file.tokens[index].text == "unsafe" else { return false }
        guard let last = file.token(index - 1) else { return true }
        return last.text != "@" && last.text != "."
            && !(last.text == "(" && file.token(index - 2)?.text == "nonisolated")
    }
}

@Suite(.timeLimit(.minutes(10))) struct ExplainedUnsafeTests {
    @Test func `Each use of unsafe is explained`() throws {
        try ExplainedUnsafeRule().expectObeyed()
    }

    @Test(arguments: [
        "let a = unsafe b()", "// too far away\n\n\n\nlet a = unsafe b()", "//\nunsafe b()",
        "// sound\nunsafe a()\nfunc c() {\n\nlet d = 1\nunsafe d()\n}",
        #"print("\(unsafe a)")"#,
    ])
    func `An unexplained use is found`(code: String) {
        #expect(ExplainedUnsafeRule().violations(in: code).count == 1)
    }

    @Test(arguments: [
        "// the buffer outlives the call\nlet a = unsafe b()", "unsafe b() // sound: c",
        "// sound\nunsafe a()\nunsafe b()\n\nunsafe c()", #"let a = "unsafe""#,
        "nonisolated(unsafe) var a = 1", "@unsafe func a() {}",
    ])
    func `Explained uses and other meanings of the word are fine`(code: String) {
        #expect(ExplainedUnsafeRule().violations(in: code).isEmpty)
    }
}
