import Testing

@Suite(.timeLimit(.minutes(10))) struct SwiftLexerTests {
    private func words(_ code: String) -> [String] {
        SwiftLexer(code).tokens.map(\.text)
    }

    @Test func `Strings are one token, whatever stands in them`() {
        #expect(words(#"a("}{ // \" \\")b"#) == ["a", "(", "\"", ")", "b"])
        #expect(words(###"#"a"}" \(b)"# c"###) == ["\"", "c"])
        #expect(words("\"\"\"\n \" } \"\" \n\"\"\" c") == ["\"", "c"])
    }

    @Test func `Code in interpolations is code`() {
        #expect(
            words(#""a \(b(c, "d \(e)")) f" g"#) == ["\"", "b", "(", "c", ",", "\"", "e", ")", "g"])
        #expect(words(###"#"a \#(b) \(c)"# d"###) == ["\"", "b", "d"])
    }

    @Test func `Comments are kept apart, by line`() {
        let lexer = SwiftLexer("a // b\n/* c /* d */\n e */ f\n/// g")
        #expect(lexer.tokens.map(\.text) == ["a", "f"])
        #expect(lexer.tokens.map(\.line) == [1, 3])
        #expect(lexer.comments[1] == " b")
        #expect(lexer.comments[3]?.contains("e") == true)
        #expect(lexer.comments[4] == " g")
    }

    @Test func `A slash is a regular expression or a division`() {
        #expect(words(#"a = /"}\/{/ b"#) == ["a", "=", "/", "b"])
        #expect(words("a = b / c / d").count == 7)
        #expect(words(#"a = #/"}/}/# b"#) == ["a", "=", "/", "b"])
    }

    @Test(arguments: ["\"", "\"\"\"", "/*", "`a", "\"\\(", "#\"", "\"\\", "/", "= /a", "*/", ")"])
    func `Text that ends too early is read to its end`(code: String) {
        #expect(SwiftLexer(code).tokens.count <= 3)
    }
}
