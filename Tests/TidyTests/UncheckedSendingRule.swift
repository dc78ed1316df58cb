import Testing

/// `@unchecked Sendable` and `nonisolated(unsafe)` only where C handles live, each with its reason.
struct UncheckedSendingRule: Rule {
    private static let modules: Set<String> = ["DedicatedThread", "Postgres", "ZeroMQ"]

    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return file.tokens.indices.compactMap { index in
            guard let name = escape(in: file, at: index) else { return nil }
            let line = file.tokens[index].line
            if !Self.modules.contains(file.module ?? "") {
                return file.violation(line, "`\(name)` outside \(Self.modules.sorted())")
            }
            return file.hasComment(at: line, reach: 3)
                ? nil : file.violation(line, "`\(name)` without a comment that gives its reason")
        }
    }

    private func escape(in file: SourceFile, at index: Int) -> String? {
        switch file.tokens[index].text {
        case "unchecked" where file.token(index - 1)?.text == "@": "@unchecked"
        case "nonisolated"
        where file.token(index + 1)?.text == "(" && file.token(index + 2)?.text == "unsafe":
            "nonisolated(unsafe)"
        default: nil
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct UncheckedSendingTests {
    @Test func `Compiler checks are switched off only around C handles, with a reason`() throws {
        try UncheckedSendingRule().expectObeyed()
    }

    @Test(arguments: ["struct A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1"])
    func `An escape is found elsewhere, and without its reason`(code: String) {
        let rule = UncheckedSendingRule()
        #expect(rule.violations(in: "// reason\n\(code)").count == 1)
        #expect(rule.violations(in: code, path: "Sources/ZeroMQ/A.swift").count == 1)
        let path = "Sources/ZeroMQ/A.swift"
        #expect(rule.violations(in: "// reason\n\(code)", path: path).isEmpty)
    }
}
