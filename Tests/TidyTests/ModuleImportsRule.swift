import Testing

/// Modules import only what the table of modules allows; tests import no C library.
struct ModuleImportsRule: Rule {
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]

    func violations(in file: SourceFile) -> [Violation] {
        let imports = imports(of: file)
        guard let module = file.module else {
            return imports.filter { ModuleTable.cLibraries[$0.text] != nil }.map {
                file.violation($0.line, "`\($0.text)` is only for the module that wraps it")
            }
        }
        guard ModuleTable.allowed[module] != nil else {
            return [file.violation(1, "the module `\(module)` is not in the table of modules")]
        }
        return imports.filter { !ModuleTable.allows(module, toImport: $0.text) }.map {
            file.violation($0.line, "`\(module)` may not import `\($0.text)`")
        }
    }

    /// The tokens that name imported modules.
    private func imports(of file: SourceFile) -> [Token] {
        file.tokens.indices.compactMap { index in
            guard file.tokens[index].text == "import", file.token(index - 1)?.text != "." else {
                return nil
            }
            guard let name = file.token(index + 1) else { return nil }
            return Self.kinds.contains(name.text) ? file.token(index + 2) : name
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct ModuleImportsTests {
    @Test func `Modules import only what the table of modules allows`() throws {
        try ModuleImportsRule().expectObeyed()
    }

    @Test(arguments: [
        ("OgiveCore", "import CZeroMQ"), ("OgiveCore", "package import OgiveStore"),
        ("OgiveCoordinator", "internal import Postgres"), ("OgiveWorker", "import ZeroMQ"),
        ("ZeroMQ", "import OgiveCore"), ("QuantileRewards", "import Foundation"),
        ("OgiveTransport", "@preconcurrency import struct AsyncHTTPClient.HTTPClient"),
        ("ogive", "import CLibpq"), ("Migrations", "import OgiveCore"), ("Mystery", "let a = 1"),
    ])
    func `An import outside the table is found`(module: String, code: String) {
        let path = module == "Migrations" ? "migrations/A.swift" : "Sources/\(module)/A.swift"
        #expect(ModuleImportsRule().violations(in: code, path: path).count == 1)
    }

    @Test func `Tests may import our modules but no C library`() {
        let rule = ModuleImportsRule()
        let path = "Tests/ZeroMQTests/A.swift"
        #expect(rule.violations(in: "import ZeroMQ\nimport OgiveCore", path: path).isEmpty)
        #expect(rule.violations(in: "import CZeroMQ", path: path).count == 1)
    }

    @Test func `The table agrees with the layout: every folder of Sources is in it`() throws {
        let modules = Set(try SourceTree.files.get().compactMap(\.module))
        #expect(modules.contains("OgiveCore"))
        #expect(modules.subtracting(ModuleTable.allowed.keys).isEmpty)
    }
}
