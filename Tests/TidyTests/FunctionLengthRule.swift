import Testing

/// No function, initializer, subscript or computed property is longer than 70 lines.
struct FunctionLengthRule: Rule {
    private static let linesMax = 70
    private static let keywords: Set<String> = ["func", "init", "deinit", "subscript", "var"]
    /// What, at the start or the end of a line, keeps a declaration going.
    private static let starters: Set<String> = [
        "{", "(", "-", "async", "throws", "rethrows", "where", "&",
    ]
    private static let enders: Set<String> = [",", "(", "&", ":", ">", "where", "throws", "async"]

    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            guard Self.keywords.contains(token.text), file.token(index - 1)?.text != ".",
                let opening = bodyStart(in: file, after: index),
                let closing = bodyEnd(in: file, from: opening)
            else { return nil }
            let length = file.tokens[closing].line - token.line + 1
            guard length > Self.linesMax else { return nil }
            return file.violation(
                token.line, "a `\(token.text)` of \(length) lines; stop at \(Self.linesMax)")
        }
    }

    /// The index of the brace that opens the body; nil for a declaration without one.
    private func bodyStart(in file: SourceFile, after keyword: Int) -> Int? {
        var depth = 0
        for index in (keyword + 1)..<max(keyword + 1, file.tokens.count) {
            let token = file.tokens[index]
            let last = file.tokens[index - 1]
            if depth == 0, token.line > last.line, index > keyword + 1,
                !Self.starters.contains(token.text), !Self.enders.contains(last.text)
            {
                return nil
            }
            switch token.text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case "}" where depth == 0: return nil
            case "=" where depth == 0 && file.tokens[keyword].text == "var": return nil
            default: break
            }
            if depth < 0 { return nil }
        }
        return nil
    }

    private func bodyEnd(in file: SourceFile, from opening: Int) -> Int? {
        var depth = 0
        for index in opening..<file.tokens.count {
            if file.tokens[index].text == "{" { depth += 1 }
            if file.tokens[index].text == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}

@Suite(.timeLimit(.minutes(10))) struct FunctionLengthTests {
    @Test func `No function is longer than 70 lines`() throws {
        try FunctionLengthRule().expectObeyed()
    }

    @Test(arguments: [
        "func long(\n    a: Int,\n    b: () -> Int = { 1 }\n) async throws -> Int {",
        "init<T>(_ value: T)\nwhere T: Sendable\n{", "var value: Int {",
        "subscript(a: Int) -> Int {",
    ])
    func `Braces in strings and comments do not hide a long body`(head: String) {
        let lines = [#"let a = "}}" // }"#, ##"let b = #"}"# /* } */"##, #"let c = "\(d["}"])""#]
        let body = (0..<24).flatMap { _ in lines }.joined(separator: "\n")
        #expect(FunctionLengthRule().violations(in: "\(head)\n\(body)\n}").count == 1)
    }

    @Test func `Short functions after one another and requirements without body are fine`() {
        let short = "func a() {\n}\n"
        let rule = FunctionLengthRule()
        #expect(rule.violations(in: String(repeating: short, count: 60)).isEmpty)
        let members = String(repeating: short, count: 60)
        #expect(
            rule.violations(in: "protocol P {\nfunc a()\nvar b: Int\n}\nenum E {\(members)}")
                .isEmpty)
        #expect(rule.violations(in: "struct A {\nvar a = 1\nvar b: Int\n\(members)}").isEmpty)
    }
}
