import Foundation
import Testing

/// The manifest is the table of modules: each target says its purpose, and the drawings of README
/// and the page *Architecture* show the same modules and who uses whom.
@Suite(.timeLimit(.minutes(10))) struct ManifestTests {
    /// A target of the manifest.
    private struct Target: Equatable {
        var name: String
        /// The targets of this package that it is built on, without those of C libraries.
        var uses: Set<String>
        /// Whether it ships: neither tests nor their support.
        var isShipped: Bool
        /// Whether a comment stands above it.
        var hasPurpose: Bool
    }

    private static let kinds: Set<String> = ["target", "executableTarget"]

    /// The targets that a manifest declares, but for tests and C libraries.
    private func targets(of manifest: String) -> [Target] {
        let file = SourceFile(path: "Package.swift", text: manifest)
        let found = file.tokens.indices.filter { index in
            Self.kinds.contains(file.tokens[index].text) && file.token(index - 1)?.text == "."
                && file.token(index + 1)?.text == "("
        }
        let targets = found.compactMap { index -> Target? in
            let line = file.tokens[index].line
            let text = declaration(in: file.lines, from: line - 1)
            let names = strings(in: text.components(separatedBy: "dependencies:").last ?? "")
            guard let name = strings(in: text).first else { return nil }
            let hasDependencies = text.contains("dependencies:")
            return Target(
                name: name, uses: hasDependencies ? Set(names) : [],
                isShipped: !text.contains(#"path: "Tests"#),
                hasPurpose: file.hasComment(at: line - 1, reach: 0))
        }
        let own = Set(targets.map(\.name))
        return targets.map { target in
            var target = target
            target.uses.formIntersection(own.subtracting([target.name]))
            return target
        }
    }

    /// The lines of a declaration, to the parenthesis that closes it.
    private func declaration(in lines: [String], from first: Int) -> String {
        var (depth, taken) = (0, "")
        for line in lines[first...] {
            taken += line + "\n"
            depth += line.count { $0 == "(" } - line.count { $0 == ")" }
            if depth <= 0 { break }
        }
        return taken
    }

    private func strings(in text: String) -> [String] {
        text.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 1 }
            .map(\.element)
    }

    /// The modules of a drawing in Mermaid, with the modules they use: `A --> B & C`.
    private func drawing(of page: String) -> [String: Set<String>] {
        let drawing =
            page.components(separatedBy: "```mermaid\n").dropFirst().first?
            .components(separatedBy: "```").first ?? ""
        var uses: [String: Set<String>] = [:]
        for line in drawing.split(separator: "\n") {
            let sides = line.components(separatedBy: "-->")
            guard sides.count == 2 else { continue }
            let names = sides.map { side in
                side.split(separator: "&").map { $0.trimmingCharacters(in: .whitespaces) }
            }
            for user in names[0] { uses[user, default: []].formUnion(names[1]) }
            for used in names[1] { uses[used, default: []].formUnion([]) }
        }
        return uses
    }

    /// The same without what follows from the rest: if A uses B and B uses C, A need not be drawn
    /// to use C.
    private func reduced(_ uses: [String: Set<String>]) -> [String: Set<String>] {
        func reach(_ name: String) -> Set<String> {
            (uses[name] ?? []).reduce(into: []) {
                $0.formUnion([$1]); $0.formUnion(reach($1))
            }
        }
        return uses.mapValues { direct in
            direct.filter { name in !direct.contains { reach($0).contains(name) } }
        }
    }

    @Test func `Each target but tests says its purpose in a line above it`() throws {
        let targets = targets(of: try SourceTree.text(of: "Package.swift"))
        try #require(targets.count > 15)
        #expect(targets.filter { !$0.hasPurpose }.map(\.name) == [])
    }

    @Test(arguments: ["README.md", "Sources/ogive/Documentation.docc/Architecture.md"])
    func `The drawing of a page shows the modules of the manifest`(page: String) throws {
        let shipped = targets(of: try SourceTree.text(of: "Package.swift")).filter(\.isShipped)
        let uses = Dictionary(uniqueKeysWithValues: shipped.map { ($0.name, $0.uses) })
        #expect(drawing(of: try SourceTree.text(of: page)) == reduced(uses))
    }

    @Test func `No module that ships uses the support of tests`() throws {
        let targets = targets(of: try SourceTree.text(of: "Package.swift"))
        let support = Set(targets.filter { !$0.isShipped }.map(\.name))
        try #require(support.contains("OgiveTesting"))
        #expect(targets.allSatisfy { !$0.isShipped || $0.uses.isDisjoint(with: support) })
    }

    @Test func `A target without purpose, and what a drawing lacks, are found`() {
        let manifest = """
            // Does a.
            .target(name: "A", dependencies: ["B", "C", log], swiftSettings: house),
            .target(
                name: "B", dependencies: ["C"]),

            .target(name: "C"),
            """
        let targets = targets(of: manifest)
        #expect(targets.map(\.name) == ["A", "B", "C"])
        #expect(targets.map(\.hasPurpose) == [true, false, false])
        let uses = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0.uses) })
        #expect(uses == ["A": ["B", "C"], "B": ["C"], "C": []])
        #expect(reduced(uses) == drawing(of: "```mermaid\ngraph\nA --> B\nB --> C\n```"))
        #expect(reduced(uses) != drawing(of: "```mermaid\ngraph\nA --> B & C\n```"))
    }
}

/// What only people would otherwise keep: the mathematics needs no Foundation, and neither clock,
/// file nor socket.
struct PureModuleRule: Rule {
    private static let allowed: Set<String> = ["Numerics", "RealModule"]

    func violations(in file: SourceFile) -> [Violation] {
        guard file.module == "QuantileRewards" else { return [] }
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            guard token.text == "import", let name = file.token(index + 1),
                !Self.allowed.contains(name.text)
            else { return nil }
            return file.violation(token.line, "`QuantileRewards` is pure: not `\(name.text)`")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct PureModuleTests {
    @Test func `The mathematics imports nothing of the system`() throws {
        try PureModuleRule().expectObeyed()
    }

    @Test func `An import is found there, and nowhere else`() {
        let (rule, code) = (PureModuleRule(), "internal import Foundation")
        #expect(rule.violations(in: code, path: "Sources/QuantileRewards/A.swift").count == 1)
        #expect(rule.violations(in: code, path: "Sources/OgiveCore/A.swift").isEmpty)
    }
}
