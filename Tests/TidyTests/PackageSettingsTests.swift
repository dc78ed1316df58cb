import Testing

/// The package's settings are in force, for every target. A misspelt feature name is ignored by
/// the compiler without a word, so this file, compiled with those settings, asks for each.
@Suite(.timeLimit(.minutes(10))) struct PackageSettingsTests {
    private static let targets: Set<String> = ["target", "executableTarget", "testTarget"]

    /// Names of Swift targets in a manifest that do not have `swiftSettings: shared`.
    private func targetsWithoutSettings(in manifest: String) -> Int {
        let file = SourceFile(path: "Package.swift", text: manifest)
        return file.tokens.indices.filter { index in
            guard Self.targets.contains(file.tokens[index].text),
                file.token(index - 1)?.text == ".", file.token(index + 1)?.text == "("
            else { return false }
            return !arguments(of: file, from: index + 1).contains(["swiftSettings", ":", "shared"])
        }.count
    }

    /// The tokens' texts from an opening parenthesis to the one that closes it.
    private func arguments(of file: SourceFile, from opening: Int) -> [String] {
        var depth = 0
        var texts: [String] = []
        for token in file.tokens[opening...] {
            if token.text == "(" { depth += 1 }
            if token.text == ")" { depth -= 1 }
            texts.append(token.text)
            if depth == 0 { break }
        }
        return texts
    }

    @Test func `Every target has the shared settings`() throws {
        let manifest = try SourceTree.text(of: "Package.swift")
        #expect(targetsWithoutSettings(in: manifest) == 0)
    }

    @Test func `A target without them is found`() {
        let good = #".target(name: "A", dependencies: [b("C")], swiftSettings: shared)"#
        let bad = #".testTarget(name: "B", path: "swiftSettings: shared")"#
        #expect(targetsWithoutSettings(in: "[\(good),\n\(bad)]") == 1)
    }

    @Test func `The shared settings make warnings errors and check memory safety`() throws {
        let file = SourceFile(
            path: "Package.swift", text: try SourceTree.text(of: "Package.swift"))
        let code = file.tokens.map(\.text).joined(separator: " ")
        #expect(code.contains("= language + warnings + [ . strictMemorySafety ( ) ]"))
        #expect(code.contains("= [ . treatAllWarnings ( as : . error ) ]"))
        #expect(code.contains("let language : [ SwiftSetting ] = [ . swiftLanguageMode ( . v6 ) ,"))
    }

    @Test func `ExistentialAny is in force`() {
        #if !hasFeature(ExistentialAny)
            Issue.record("the feature is off: check its spelling in Package.swift")
        #endif
    }

    @Test func `InternalImportsByDefault is in force`() {
        #if !hasFeature(InternalImportsByDefault)
            Issue.record("the feature is off: check its spelling in Package.swift")
        #endif
    }

    @Test func `MemberImportVisibility is in force`() {
        #if !hasFeature(MemberImportVisibility)
            Issue.record("the feature is off: check its spelling in Package.swift")
        #endif
    }

    @Test func `NonisolatedNonsendingByDefault is in force`() {
        #if !hasFeature(NonisolatedNonsendingByDefault)
            Issue.record("the feature is off: check its spelling in Package.swift")
        #endif
    }

    @Test func `Strict memory safety is in force`() {
        #if !hasFeature(StrictMemorySafety)
            Issue.record("the setting is off: check `strictMemorySafety` in Package.swift")
        #endif
    }

    @Test func `Asking for a feature can fail`() {
        #if hasFeature(NonisolatedNonsendingByDefalt)
            Issue.record("the compiler claims to know a misspelt feature")
        #endif
    }
}
