internal import ArgumentParser
internal import FoundationEssentials
internal import OgiveStore

/// The configuration file of a command, and values given in place of the file's.
struct ConfigurationFile: Hashable, Sendable {
    /// The file that a command reads when nobody names one.
    static let standard = "ogive.yaml"
    /// The environment variable that names the file.
    static let variable = "OGIVE_CONFIG"

    /// The file.
    var path: String
    /// `key.path=value`, in order.
    var overrides: [String] = []
    /// Whether the next command finds the same file without being told.
    var isImplied = false

    /// The one way to name a configuration: what the command line says, else `OGIVE_CONFIG`, else
    /// `ogive.yaml` in the current folder. `nil` when none of them says anything.
    static func find(
        named: String?, overrides: [String], environment: [String: String] = Environment.current
    ) -> ConfigurationFile? {
        if let named { return ConfigurationFile(path: named, overrides: overrides) }
        if let path = environment[variable], !path.isEmpty {
            return ConfigurationFile(path: path, overrides: overrides, isImplied: true)
        }
        guard FileManager.default.fileExists(atPath: standard) else { return nil }
        return ConfigurationFile(path: standard, overrides: overrides, isImplied: true)
    }

    /// Reads the file.
    func load() throws(CommandError) -> Configuration {
        try Configuration.load(
            path: path, overrides: overrides, environment: Environment.current)
    }

    /// The same as arguments of another process.
    var arguments: [String] {
        ["--config", path] + overrides.flatMap { ["-o", $0] }
    }

    /// What a person adds to another command for the same configuration; empty when nothing.
    var options: String {
        arguments.dropFirst(isImplied ? 2 : 0).map(Self.quoted).joined(separator: " ")
    }

    /// `text` with these options added to each command of Ogive in it that lacks them:
    /// `` `ogive status` `` becomes `` `ogive status --config mine.yaml` ``.
    func completing(_ text: String) -> String {
        guard !options.isEmpty else { return text }
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in
            // Between two backquotes.
            index % 2 == 1 && index < parts.count - 1 ? completed(part) : String(part)
        }.joined(separator: "`")
    }

    /// What to say where a file of configuration stands in the place of a run; else `nil`.
    static func hint(atRun name: String) -> String? {
        let isYAML = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
        guard isYAML, FileManager.default.fileExists(atPath: name) else { return nil }
        return "\(name) is a file, and a run is named there: name the configuration by "
            + "`--config \(quoted(name))`"
    }

    /// Commands that read this file, wherever they are typed.
    private static let completed: Set<Substring> = [
        "run", "doctor", "submit", "import", "status", "failures", "query", "audit", "snapshot",
        "export", "migrate", "psql", "rescore", "drop", "cancel", "report", "wait", "slurm",
        "adopt", "coordinator", "worker", "refresh", "compare", "pass-rates", "check-logprobs",
        "dashboard",
    ]

    private func completed(_ command: Substring) -> String {
        let words = command.split(separator: " ")
        guard words.count > 1, words[0] == "ogive", Self.completed.contains(words[1]),
            !words.contains("--config"), !words.contains("--help")
        else { return String(command) }
        if let end = command.firstRange(of: " -- ") {
            return "\(command[..<end.lowerBound]) \(options)\(command[end.lowerBound...])"
        }
        return "\(command) \(options)"
    }

    /// A word as a shell reads it.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./:=,%+@".utf8.contains(byte)
            }
        }
        return isPlain && !word.isEmpty
            ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}

/// The configuration of a command: `--config FILE`, else `OGIVE_CONFIG`, else `ogive.yaml`.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "The YAML file (default: $OGIVE_CONFIG, else ./ogive.yaml).",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        name: [.customShort("o"), .customLong("override")],
        help: ArgumentHelp("A value in place of the file's.", valueName: "key.path=value"))
    var overrides: [String] = []

    /// The file. Throws `.configuration` when nobody names one.
    func file() throws(CommandError) -> ConfigurationFile { try file(or: nil) }

    /// Reads the file.
    func load() throws(CommandError) -> Configuration { try file().load() }

    /// The file that is meant, `argument` being the one that stands without `--config`.
    fileprivate func file(or argument: String?) throws(CommandError) -> ConfigurationFile {
        if let argument, let config, argument != config {
            throw CommandError(
                .configuration,
                "\(argument) and --config \(config) name two configurations: give one of them")
        }
        guard let file = ConfigurationFile.find(named: config ?? argument, overrides: overrides)
        else {
            throw CommandError(
                .configuration,
                "which configuration? Give `--config FILE`, set \(ConfigurationFile.variable), or "
                    + "add ./\(ConfigurationFile.standard)")
        }
        return file
    }
}

/// The same for commands that are about a configuration: there it may stand without `--config`.
struct ConfigurationArgument: ParsableArguments {
    @Argument(
        help: "The YAML file, as with --config; ogive config reference prints every key.",
        completion: .file(extensions: ["yaml", "yml"]))
    var argument: String?

    @OptionGroup var option: ConfigurationOption

    /// The file. Throws `.configuration` when nobody names one.
    func file() throws(CommandError) -> ConfigurationFile { try option.file(or: argument) }

    /// Reads the file.
    func load() throws(CommandError) -> Configuration { try file().load() }
}

/// A command that reads a configuration: hints in its errors name the file.
protocol ConfiguredCommand: AsyncParsableCommand {
    /// The configuration that the command line names. Throws `.configuration` when there is none.
    func configurationFile() throws(CommandError) -> ConfigurationFile

    /// The run that the command line names; `nil` when it names none.
    var givenRun: String? { get }
}

extension ConfiguredCommand {
    /// Of commands that are about no run, or about that of the configuration.
    var givenRun: String? { nil }
}

extension Configuration {
    /// The run that a command is about: the one given, else the file's.
    func runName(_ given: String?) throws(CommandError) -> String {
        guard let name = given ?? run?.name else {
            throw CommandError(.configuration, "which run? \(source) names none; give its name")
        }
        return name
    }

    /// The same, when there is such a run. Throws `.incomplete` when there is none of the file's
    /// name; of a name that was given, the store says so.
    func runName(_ given: String?, in store: PostgresStore) async throws -> String {
        let name = try runName(given)
        guard given == nil, try await !store.status().contains(where: { $0.run == name }) else {
            return name
        }
        throw CommandError(
            .incomplete,
            "there is no run '\(name)', which `run.name` of \(source) names: it was not submitted "
                + "yet, or it was dropped. `ogive status` lists the runs")
    }
}
