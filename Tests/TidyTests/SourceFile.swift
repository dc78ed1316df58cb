/// A text file of the repository, and what the rules want to know of it.
struct SourceFile: Sendable {
    /// The path from the repository's root, with slashes.
    let path: String
    /// The lines, without their ends.
    let lines: [String]
    /// The code's tokens; empty for what is not Swift.
    let tokens: [Token]
    /// The comments by line, from 1; empty for what is not Swift.
    let comments: [Int: String]

    /// Takes in a file's text.
    init(path: String, text: String) {
        self.path = path
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
        let lexer = path.hasSuffix(".swift") ? SwiftLexer(text) : nil
        tokens = lexer?.tokens ?? []
        comments = lexer?.comments ?? [:]
    }

    /// Whether it is Swift code written by hand.
    var isSwift: Bool { path.hasSuffix(".swift") && !isGenerated }

    /// Whether a tool wrote it.
    var isGenerated: Bool { path.hasSuffix(".pb.swift") }

    /// The module that the file belongs to, if other modules build on it: nil in tests.
    var module: String? {
        let parts = path.split(separator: "/").map(String.init)
        if parts.first == "migrations" { return "Migrations" }
        if parts.starts(with: ["Tests", "Support"]) { return parts.count > 3 ? parts[2] : nil }
        return parts.first == "Sources" && parts.count > 2 ? parts[1] : nil
    }

    /// The token at an index, or nil outside.
    func token(_ index: Int) -> Token? {
        tokens.indices.contains(index) ? tokens[index] : nil
    }

    /// Whether a comment that says something stands on the line or on one of the `reach` before.
    func hasComment(at line: Int, reach: Int) -> Bool {
        (max(1, line - reach)...line).contains { comments[$0]?.contains(where: \.isLetter) == true }
    }

    /// A violation on one of this file's lines.
    func violation(_ line: Int, _ message: String) -> Violation {
        Violation(place: "\(path):\(line)", message: message)
    }
}
