import Testing

/// Every declaration marked `public`, `package` or `open` has a `///` comment. Exempt are operators
/// and what the standard library's protocols ask for: those are documented there.
struct DocumentationRule: Rule {
    private static let access: Set<String> = ["public", "package", "open"]
    private static let exempt: Set<String> = ["import", "extension", "set"]
    /// What can follow `open` where it is the access and not a name of something else.
    private static let openable: Set<String> = [
        "@", "class", "func", "init", "override", "subscript", "var",
    ]
    /// Requirements of the standard library's protocols, as their first words after the access.
    private static let requirements: [[String]] = [
        ["func", "encode", "(", "to"], ["init", "(", "from", "decoder"],
        ["func", "hash", "(", "into"], ["var", "description", ":"],
        ["var", "debugDescription", ":"], ["let", "startIndex"], ["let", "endIndex"],
        ["var", "startIndex"], ["var", "endIndex"], ["func", "makeAsyncIterator", "("],
        ["func", "next", "(", ")"], ["mutating", "func", "next", "("],
        ["nonisolated", "var", "unownedExecutor"], ["var", "unownedExecutor"],
        ["init", "(", "integerLiteral"], ["init", "(", "stringLiteral"],
        ["init", "(", "floatLiteral"], ["init", "(", "booleanLiteral"],
        ["init", "(", "nilLiteral"],
    ]

    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift, file.module != nil else { return [] }
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            guard Self.access.contains(token.text), startsLine(file, index),
                let next = file.token(index + 1), next.text != "(", next.text != ".",
                next.text != ":", token.text != "open" || Self.openable.contains(next.text),
                !isExempt(file, after: index),
                !isDocumented(file, line: token.line)
            else { return nil }
            return file.violation(token.line, "a \(token.text) declaration without a `///` comment")
        }
    }

    /// Whether only modifiers and attributes stand before the token on its line.
    private func startsLine(_ file: SourceFile, _ index: Int) -> Bool {
        var first = index
        while let before = file.token(first - 1), before.line == file.tokens[index].line {
            first -= 1
        }
        let modifiers: Set<String> = ["static", "final", "nonisolated", "override", "indirect"]
        return first == index || file.tokens[first].text == "@"
            || modifiers.contains(file.tokens[first].text)
    }

    private func isExempt(_ file: SourceFile, after index: Int) -> Bool {
        let texts = file.tokens[(index + 1)...].prefix(4).map(\.text)
        if Self.requirements.contains(where: { texts.starts(with: $0) }) { return true }
        if texts.starts(with: ["static", "func"]), let name = texts.dropFirst(2).first?.first {
            if !name.isLetter, name != "`", name != "_" { return true }
        }
        var next = index + 1
        while let token = file.token(next), token.line == file.tokens[index].line {
            if Self.exempt.contains(token.text) { return true }
            if ["{", "(", ":", "="].contains(token.text) { return false }
            next += 1
        }
        return false
    }

    /// Whether a `///` line stands above, with nothing but attributes between.
    private func isDocumented(_ file: SourceFile, line: Int) -> Bool {
        var above = line - 2
        while above >= 0 {
            let text = file.lines[above].drop { $0 == " " }
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("@") || text.hasPrefix("#if") || text.hasPrefix("//") else {
                return false
            }
            above -= 1
        }
        return false
    }
}

@Suite(.timeLimit(.minutes(10))) struct DocumentationTests {
    @Test func `Every declaration for others is documented`() throws {
        try DocumentationRule().expectObeyed()
    }

    @Test(arguments: [
        "package struct A {}", "/// A\npackage struct A {\n    package let b = 1\n}",
        "/// A\n\npublic func a() {}", "@inlinable public func a() {}", "@a\npackage func b() {}",
        "static package let a = 1", "package static func a() {}", "package func encode(a: Int) {}",
        "open class A {}", "package func next(after: Int) {}", "package let start = 0",
    ])
    func `A missing comment is found`(code: String) {
        #expect(DocumentationRule().violations(in: code).count == 1)
    }

    @Test(arguments: [
        "package import A", "/// A\npackage struct A {}", "/// A\n@inlinable\npublic func a() {}",
        "let package = Package(\n)", "/// A\npackage private(set) var a = 1",
        "public extension A {\n}", #"let a = "public""#,
        "package static func == (left: A, right: A) -> Bool { true }",
        "package var description: String { a }", "package func encode(to encoder: any Encoder) {}",
        "open = open.filter { $0 }", "static let open = 1", "open += 1",
        "package let startIndex = 0", "package mutating func next() -> Int? { nil }",
        "package init(integerLiteral value: Int64) {}",
    ])
    func `Documented declarations and other meanings of the words are fine`(code: String) {
        #expect(DocumentationRule().violations(in: code).isEmpty)
    }
}
