import Foundation
import Testing

/// The top level of the repository holds only what the architecture names.
@Suite(.timeLimit(.minutes(10))) struct TopLevelTests {
    private static let allowed: Set<String> = [
        "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Package.swift", "README.md", "SECURITY.md",
        "Sources", "Tests", "config", "deploy", "migrations",
        // Written by the package manager and ignored by git.
        "Package.resolved",
        // Written by deploy/package and ignored by git.
        "dist",
    ]

    private func unlisted(among names: [String]) -> [String] {
        names.filter { !$0.hasPrefix(".") && !Self.allowed.contains($0) }.sorted()
    }

    @Test func `The top level holds only what the architecture names`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path)
        try #require(names.contains("Package.swift"))
        #expect(unlisted(among: names).isEmpty)
    }

    @Test func `An unlisted name is found`() {
        #expect(
            unlisted(among: ["Sources", "notes.txt", ".ci", "docs"]) == ["docs", "notes.txt"])
    }
}
