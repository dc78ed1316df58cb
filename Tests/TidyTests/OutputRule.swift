import Testing

/// The program writes to its outputs by `Output` alone, which escapes what comes from outside.
struct OutputRule: Rule {
    private static let own = "Sources/ogive/Terminal/Output.swift"
    private static let calls: Set<String> = [
        "print", "debugPrint", "dump", "puts", "fputs", "putchar", "printf", "vprintf",
    ]
    private static let names: Set<String> = ["standardOutput", "standardError"]

    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift, file.path.hasPrefix("Sources/"), file.path != Self.own
        else { return [] }
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            let isCall =
                Self.calls.contains(token.text) && file.token(index + 1)?.text == "("
                && !["func", "."].contains(file.token(index - 1)?.text ?? "")
            // `FileHandle.standardError`, and not a label of Subprocess.
            let isHandle =
                Self.names.contains(token.text) && file.token(index - 1)?.text == "."
                && file.token(index - 2)?.text == "FileHandle"
            guard isCall || isHandle else { return nil }
            return file.violation(
                token.line, "`\(token.text)` writes what may come from outside; use `Output`")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct OutputTests {
    @Test func `Everything is written by way of Output`() throws {
        try OutputRule().expectObeyed()
    }

    @Test(arguments: [
        "print(a)", "if json { print(a) }", "fputs(a, stderr)", "FileHandle.standardError.write(a)",
    ])
    func `Another way is found`(code: String) {
        let rule = OutputRule()
        #expect(rule.violations(in: code, path: "Sources/ogive/A.swift").count == 1)
        #expect(rule.violations(in: code, path: "Tests/A.swift").isEmpty)
    }

    @Test(arguments: ["Output.show(a)", "func print() {}", "// print(a)", "a.print(b)"])
    func `Other calls are fine`(code: String) {
        #expect(OutputRule().violations(in: code, path: "Sources/ogive/A.swift").isEmpty)
    }
}
