import ArgumentParser
import Foundation
import Testing

@testable import ogive

/// The command lines in the documentation and in the help must be such as the program takes.
@Suite(.timeLimit(.minutes(10))) struct DocumentedCommandTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The lines of the fenced blocks of a page, but for drawings.
    private static func blocks(_ text: String) -> [Substring] {
        text.components(separatedBy: "```").enumerated()
            .filter { $0.offset % 2 == 1 && !$0.element.hasPrefix("mermaid") }
            .flatMap { $0.element.split(separator: "\n") }
    }

    /// The words of a command line, without remarks and what follows a pipe.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + "\(character)" }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + "\(character)"
            }
        }
        if let whole = word { words.append(whole) }
        return Array(words.prefix { !["|", ">", "#", "&&", "|&"].contains($0) })
    }

    /// Those lines that call `ogive`, without the program's own name.
    private static func commands(_ lines: [Substring]) -> [[String]] {
        lines.map { $0.drop { $0 == " " } }
            // An ellipsis stands for more; a remark in brackets, or behind several spaces, is none
            // of the command's.
            .filter { $0.hasPrefix("ogive ") && !$0.contains("…") && !$0.contains("--help") }
            .map { line in
                let end = line.range(of: "   ")?.lowerBound ?? line.endIndex
                return Array(words(line[..<end]).dropFirst())
            }
    }

    private static func discussions(_ command: any ParsableCommand.Type = Ogive.self) -> [Substring]
    {
        command.configuration.discussion.split(separator: "\n")
            + command.configuration.subcommands.flatMap { discussions($0) }
    }

    @Test func `Every documented command line can be parsed`() throws {
        let folder = Self.root.appending(path: "Sources/ogive/Documentation.docc")
        let pages =
            try FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: nil
            ).filter { $0.pathExtension == "md" } + [Self.root.appending(path: "README.md")]
        var lines = Self.discussions()
        for page in pages { lines += Self.blocks(try String(contentsOf: page, encoding: .utf8)) }
        let commands = Self.commands(lines)
        #expect(commands.count > 50)
        for words in commands {
            #expect(throws: Never.self, "ogive \(words.joined(separator: " "))") {
                _ = try Ogive.parseAsRoot(words)
            }
            #expect(MistypedCommand.error(in: words) == nil)
        }
    }
}
