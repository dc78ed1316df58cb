import Testing

/// No `try!`, no `as!`, no force unwrap, no implicitly unwrapped type.
struct TrapRule: Rule {
    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            guard token.text == "!", token.isAttached, let last = file.token(index - 1),
                last.isWordOrLiteral || [")", "]", "}", "?", ">"].contains(last.text),
                file.token(index + 1).map({ $0.text != "=" || !$0.isAttached }) ?? true
            else { return nil }
            return file.violation(
                token.line, "`\(last.text)!` traps; throw, or unwrap with `guard` or `#require`")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct TrapTests {
    @Test func `Nothing is forced`() throws {
        try TrapRule().expectObeyed()
    }

    @Test(arguments: [
        "let a = try! b()", "let a = b as! C", "let a = b!", "a[1]!.c()", "b()! + 1",
        "var a: String!", #"print("\(a!)")"#, "a! = 1",
    ])
    func `A trap is found`(code: String) {
        #expect(TrapRule().violations(in: code).count == 1)
    }

    @Test(arguments: ["a != b", "if !a { }", "(!a)", "#if !os(Linux)", #"let a = "b!""#, "// a!"])
    func `Negation and comparison are fine`(code: String) {
        #expect(TrapRule().violations(in: code).isEmpty)
    }
}
