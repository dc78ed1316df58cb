internal import SystemPackage

/// One pass over a configuration: collects every problem, so that all are reported together.
final class ConfigurationReading {
    /// The folder of the configuration file, to which relative paths belong.
    let folder: String
    /// Where values like `${NAME}` are looked up.
    let environment: [String: String]
    /// Whether absent sections are read too, to learn all keys.
    let collectsKeys: Bool
    /// What is wrong so far.
    private(set) var problems: [ConfigurationProblem] = []

    /// Begins a pass.
    init(folder: String, environment: [String: String], collectsKeys: Bool = false) {
        self.folder = folder
        self.environment = environment
        self.collectsKeys = collectsKeys
    }

    /// Notes a problem.
    func report(_ text: String, at place: SourcePlace, hint: String? = nil) {
        problems.append(ConfigurationProblem(text: text, place: place, hint: hint))
    }

    /// Ends the pass: throws all problems, in the order of the file.
    func finish() throws(CommandError) {
        guard !problems.isEmpty else { return }
        let ordered = problems.sorted { ($0.place.line ?? 0) < ($1.place.line ?? 0) }
        throw CommandError(
            .configuration, ordered.map(\.description).joined(separator: "\n"))
    }

    /// Makes `path` absolute: relative ones belong to the configuration's folder.
    func resolve(_ path: String) -> String {
        let whole = path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
        return FilePath(whole).lexicallyNormalized().string
    }
}
