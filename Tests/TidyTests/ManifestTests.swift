import Foundation
import Testing

/// What the manifest declares.
struct Manifest {
    /// A target, but for tests and C libraries.
    struct Target {
        var name: String
        /// The modules that it may import: of this package, of C libraries, of packages.
        var imports: Set<String>
        /// Whether it ships: neither tests nor their support.
        var isShipped: Bool
        /// Whether a comment stands above it.
        var hasPurpose: Bool
    }

    private(set) var targets: [Target] = []
    private static let kinds: Set<String> = ["target", "executableTarget"]

    /// The repository's own.
    static let own = Result { Manifest(try SourceTree.text(of: "Package.swift")) }

    /// Reads the text of a manifest. Products of packages are named as constants above it.
    init(_ text: String) {
        let file = SourceFile(path: "Package.swift", text: text)
        let products = products(of: file)
        targets = file.tokens.indices.compactMap { index in
            guard Self.kinds.contains(file.tokens[index].text), file.token(index - 1)?.text == ".",
                file.token(index + 1)?.text == "("
            else { return nil }
            let line = file.tokens[index].line
            let text = declaration(in: file.lines, from: line - 1)
            guard let name = strings(in: text).first else { return nil }
            let parts = text.components(separatedBy: "dependencies:")
            let list = parts.count > 1 ? parts[1].prefix { $0 != "]" } : ""
            let names = list.split { !$0.isLetter && !$0.isNumber }.map(String.init)
            return Target(
                name: name,
                imports: Set(strings(in: String(list))).union(names.compactMap { products[$0] }),
                isShipped: !text.contains(#"path: "Tests"#),
                hasPurpose: file.hasComment(at: line - 1, reach: 0))
        }
    }

    /// For each target the targets that it is built on, without those of C libraries.
    func uses(where isIncluded: (Target) -> Bool) -> [String: Set<String>] {
        let own = Set(targets.map(\.name))
        return Dictionary(
            uniqueKeysWithValues: targets.filter(isIncluded).map {
                ($0.name, $0.imports.intersection(own))
            })
    }

    /// The products of packages by the constants that name them.
    private func products(of file: SourceFile) -> [String: String] {
        var products: [String: String] = [:]
        for index in file.tokens.indices where file.tokens[index].text == "product" {
            let before = file.tokens[..<index].lastIndex { $0.text == "let" }
            guard let before, let constant = file.token(before + 1)?.text else { continue }
            let text = file.lines[(file.tokens[index].line - 1)...].prefix(2).joined()
            products[constant] = strings(in: text).first
        }
        return products
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
}

/// Modules import what the manifest declares for them. The build finds only what no module below
/// them uses either. The mathematics imports nothing of the system.
struct DeclaredImportsRule: Rule {
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
    private static let platform: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization",
    ]
    /// What a target may import.
    let allowed: [String: Set<String>]

    init(_ manifest: Manifest) {
        allowed = Dictionary(
            uniqueKeysWithValues: manifest.targets.map { target in
                let isPure = target.name == "QuantileRewards"
                return (target.name, isPure ? target.imports : target.imports.union(Self.platform))
            })
    }

    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift, let module = file.module else { return [] }
        // A program's folder is named as a type is, its target as a command.
        guard let allowed = allowed[module] ?? allowed[module.lowercased()] else {
            return [file.violation(1, "`\(module)` is no target of Package.swift")]
        }
        return file.tokens.indices.compactMap { index in
            guard file.tokens[index].text == "import", file.token(index - 1)?.text != ".",
                let next = file.token(index + 1),
                let name = Self.kinds.contains(next.text) ? file.token(index + 2) : next,
                !allowed.contains(name.text)
            else { return nil }
            return file.violation(
                name.line, "`\(module)` imports `\(name.text)`, which Package.swift does not list")
        }
    }
}

/// The manifest is the table of modules: each target says its purpose, and the drawings of README
/// and the page *Architecture* show the same modules and who uses whom.
@Suite(.timeLimit(.minutes(10))) struct ManifestTests {
    /// The modules of a drawing in Mermaid, with the modules they use: `A --> B & C`.
    private func drawing(of page: String) -> [String: Set<String>] {
        let drawing =
            page.components(separatedBy: "```mermaid\ngraph").dropFirst().first?
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
        let targets = try Manifest.own.get().targets
        try #require(targets.count > 15)
        #expect(targets.filter { !$0.hasPurpose }.map(\.name) == [])
    }

    @Test(arguments: ["README.md", "Sources/ogive/Documentation.docc/Architecture.md"])
    func `The drawing of a page shows the modules of the manifest`(page: String) throws {
        let uses = try Manifest.own.get().uses(where: \.isShipped)
        #expect(drawing(of: try SourceTree.text(of: page)) == reduced(uses))
    }

    @Test func `No module that ships uses the support of tests`() throws {
        let manifest = try Manifest.own.get()
        let support = Set(manifest.targets.filter { !$0.isShipped }.map(\.name))
        try #require(support.contains("OgiveTesting"))
        #expect(manifest.uses(where: \.isShipped).values.allSatisfy(support.isDisjoint))
    }

    @Test func `Modules import what the manifest declares`() throws {
        try DeclaredImportsRule(try Manifest.own.get()).expectObeyed()
    }

    private static let sample = Manifest(
        """
        let log = Target.Dependency.product(
            name: "Logging", package: "swift-log")
        // Does a.
        .target(name: "A", dependencies: ["B", "C", log], swiftSettings: shared),
        .target(
            name: "B", dependencies: ["C"]),

        .target(name: "C"),
        // Computes.
        .target(name: "QuantileRewards", dependencies: ["C"], swiftSettings: shared)
        """)

    @Test func `A target without purpose, and what a drawing lacks, are found`() {
        let targets = Self.sample.targets
        #expect(targets.map(\.name) == ["A", "B", "C", "QuantileRewards"])
        #expect(targets.map(\.hasPurpose) == [true, false, false, true])
        let uses = Self.sample.uses { $0.name.count == 1 }
        #expect(uses == ["A": ["B", "C"], "B": ["C"], "C": []])
        #expect(reduced(uses) == drawing(of: "```mermaid\ngraph\nA --> B\nB --> C\n```"))
        #expect(reduced(uses) != drawing(of: "```mermaid\ngraph\nA --> B & C\n```"))
    }

    @Test(arguments: [
        ("B", "import A"), ("B", "package import Logging"), ("C", "import struct B.Thing"),
        ("QuantileRewards", "internal import Foundation"), ("Mystery", "let a = 1"),
    ])
    func `An import that is not declared is found`(module: String, code: String) {
        let rule = DeclaredImportsRule(Self.sample)
        #expect(rule.violations(in: code, path: "Sources/\(module)/A.swift").count == 1)
    }

    @Test(arguments: [
        ("A", "import B\nimport Logging\nimport Glibc"), ("B", "@testable import C"),
        ("QuantileRewards", "import C"),
    ])
    func `Declared imports are fine`(module: String, code: String) {
        let rule = DeclaredImportsRule(Self.sample)
        #expect(rule.violations(in: code, path: "Sources/\(module)/A.swift").isEmpty)
    }
}
