import Testing

/// The changelog and the program name the same version.
@Suite(.timeLimit(.minutes(10))) struct ChangelogTests {
    /// The versions of `## [1.2.3] - 2026-01-01`, newest first.
    private func versions(in changelog: String) -> [String] {
        changelog.split(separator: "\n").filter { $0.hasPrefix("## [") }.compactMap { line in
            line.dropFirst(4).split(separator: "]").first.map { String($0) }
        }
    }

    @Test func `The newest version is the program's, or none is released`() throws {
        let versions = versions(in: try SourceTree.text(of: "CHANGELOG.md"))
        #expect(versions.first == "Unreleased")
        guard versions.count > 1 else { return }
        let program = try SourceTree.text(of: "Sources/ogive/Ogive.swift")
        #expect(program.contains("text = \"\(versions[1])\""))
    }

    @Test func `Versions are read from headings`() {
        let text = "# Changelog\n## [Unreleased]\n### Added\n## [0.2.0] - 2026-12-01\n"
        #expect(versions(in: text) == ["Unreleased", "0.2.0"])
    }
}
