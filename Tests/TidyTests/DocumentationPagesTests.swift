import Foundation
import Testing

/// The pages hold together: links lead somewhere, every page can be found, and the messages of
/// *Troubleshooting* are those that the program writes.
@Suite(.timeLimit(.minutes(10))) struct DocumentationPagesTests {
    private static let folder = "Sources/ogive/Documentation.docc"

    /// The pages by their names, without `.md`.
    private func pages() throws -> [String: String] {
        let names = try FileManager.default.subpathsOfDirectory(
            atPath: SourceTree.root.appending(path: Self.folder).path)
        return try Dictionary(
            uniqueKeysWithValues: names.filter { $0.hasSuffix(".md") }.map { name in
                let page = (name as NSString).lastPathComponent.dropLast(3)
                return (String(page), try SourceTree.text(of: "\(Self.folder)/\(name)"))
            })
    }

    /// The names that `<doc:NAME>` and `<doc:NAME#Part>` mention.
    private func links(in text: String) -> [String] {
        text.components(separatedBy: "<doc:").dropFirst().map { rest in
            String(rest.prefix { $0 != ">" && $0 != "#" })
        }
    }

    @Test func `Every link of a page leads to a page`() throws {
        let pages = try pages()
        try #require(pages.count > 30)
        for (name, text) in pages {
            let lost = links(in: text).filter { pages[$0] == nil && !$0.isEmpty }
            #expect(lost.isEmpty, "\(name)")
        }
    }

    @Test func `The first page lists every other page once`() throws {
        let pages = try pages()
        let topics = try #require(pages["Ogive"]?.components(separatedBy: "## Topics").last)
        #expect(links(in: topics).sorted() == pages.keys.filter { $0 != "Ogive" }.sorted())
    }

    @Test(arguments: ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
    func `The files that a page at the top links to exist`(page: String) throws {
        let targets = try SourceTree.text(of: page).components(separatedBy: "](").dropFirst()
            .map { String($0.prefix { $0 != ")" && $0 != "#" }) }
            .filter { !$0.contains("://") && !$0.isEmpty }
        for target in targets {
            #expect(
                FileManager.default.fileExists(
                    atPath: SourceTree.root.appending(path: target).path),
                "\(target)")
        }
    }

    /// The files, from `Sources`, and the names of functions, views and messages of a walk's steps.
    private func steps(of page: String) -> [(file: String, name: String)] {
        var file: String?
        var steps: [(file: String, name: String)] = []
        for code in page.components(separatedBy: "`").enumerated() where code.offset % 2 == 1 {
            if code.element.contains("/") {
                file = code.element
            } else if let place = file {
                steps.append((place, code.element))
            }
        }
        return steps
    }

    private func holds(_ text: String, _ name: String) -> Bool {
        ["func \(name)(", "VIEW ogive.\(name) ", "FUNCTION ogive.\(name)("].contains(
            where: text.contains)
    }

    @Test func `The walk of one draw names files and functions that exist`() throws {
        let page = try #require(try pages()["Architecture"])
        let walk = try #require(
            page.components(separatedBy: "\n## ").first { $0.hasPrefix("The walk of one draw") })
        let steps = steps(of: walk.components(separatedBy: "\n1. ").last ?? "")
        try #require(steps.count >= 23)
        for step in steps {
            let text = try SourceTree.text(of: "Sources/\(step.file)")
            #expect(holds(text, step.name), "\(step.file): \(step.name)")
        }
        #expect(!holds("func takes(", "take"))
    }

    @Test func `The program writes the messages that the page explains`() throws {
        let page = try #require(try pages()["Troubleshooting"])
        let messages = Messages.explained(in: page)
        try #require(messages.count >= 25)
        let sources = try SourceTree.files.get().filter {
            $0.path.hasPrefix("Sources/") || $0.path.hasPrefix("migrations/")
                || $0.path.hasPrefix("deploy/")
        }
        let written = Messages.plain(
            sources.map { Messages.joined($0.lines.joined(separator: "\n")) }.joined(
                separator: "\n"))
        for message in messages {
            for part in Messages.fragments(of: message) where !written.contains(part) {
                Issue.record("no source writes \"\(part)\" of \"\(message)\"")
            }
        }
    }

    @Test func `A message that nobody writes is found`() {
        let source = #"throw E("the set \(name(of: x)) is "\#n  + "gone: look")"#
        let written = Messages.plain(Messages.joined(source))
        #expect(Messages.fragments(of: "The set … is gone").allSatisfy(written.contains))
        #expect(!Messages.fragments(of: "the set … was lost").allSatisfy(written.contains))
    }
}

/// How messages of the page and of the sources become comparable.
private enum Messages {
    /// Shorter pieces between two `…` are in any text.
    private static let lengthMin = 6

    /// The fenced blocks that stand for a message: all but those of an overview's commands.
    static func explained(in page: String) -> [String] {
        page.components(separatedBy: "\n## ").dropFirst(2).flatMap { section in
            section.components(separatedBy: "\n```\n").enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }.map { $0.element }
        }
    }

    /// The fixed pieces of a message.
    static func fragments(of message: String) -> [String] {
        message.components(separatedBy: "…").map {
            plain($0).trimmingCharacters(in: .whitespaces)
        }.filter { $0.count >= lengthMin }
    }

    /// A source's text, with literals in pieces joined and interpolations taken out.
    static func joined(_ source: String) -> String {
        var text = source.replacing(/"\s*\+\s*"/, with: "")
        text = text.replacing(/\\\n\s*/, with: "")
        var result = ""
        var depth = 0
        var isEscape = false
        for character in text {
            if depth > 0 {
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
            } else if isEscape {
                if character == "(" { depth = 1 } else { result.append(character) }
                isEscape = false
            } else if character == "\\" {
                isEscape = true
            } else {
                result.append(character)
            }
        }
        return result
    }

    /// Without case and the kind of quotation marks, with single spaces.
    static func plain(_ text: String) -> String {
        text.lowercased().replacing(/["'`]/, with: "'").replacing(/\s+/, with: " ")
    }
}
