internal import ArgumentParser
internal import FoundationEssentials

/// The configuration as an argument: for commands that cannot do without one.
struct ConfigurationArgument: ParsableArguments {
    @Argument(help: "The YAML file; every key is documented in config/reference.yaml.")
    var config: String

    @Option(
        name: [.customShort("o"), .customLong("override")],
        help: ArgumentHelp("A value in place of the file's.", valueName: "key.path=value"))
    var overrides: [String] = []

    /// Reads the file.
    func load() throws(CommandError) -> Configuration {
        try Configuration.load(
            path: config, overrides: overrides, environment: Environment.current)
    }

    /// The same as options of another command, for a person to paste into a shell.
    var options: String {
        (["--config", config] + overrides.flatMap { ["-o", $0] }).map(Self.quoted)
            .joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
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

/// The configuration as an option: for commands that are about something else.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "The YAML file (default: $OGIVE_CONFIG, else ./ogive.yaml).")
    var config: String?

    @Option(
        name: [.customShort("o"), .customLong("override")],
        help: ArgumentHelp("A value in place of the file's.", valueName: "key.path=value"))
    var overrides: [String] = []

    /// Reads the file.
    func load() throws(CommandError) -> Configuration {
        try Configuration.load(
            path: try path(), overrides: overrides, environment: Environment.current)
    }

    private func path() throws(CommandError) -> String {
        if let config { return config }
        if let named = Environment.current["OGIVE_CONFIG"], !named.isEmpty { return named }
        guard FileManager.default.fileExists(atPath: "ogive.yaml") else {
            throw CommandError(
                .configuration,
                "which configuration? Give `--config FILE`, set OGIVE_CONFIG, or add ./ogive.yaml")
        }
        return "ogive.yaml"
    }
}

extension Configuration {
    /// The run that a command is about: the one given, else the file's.
    func runName(_ given: String?) throws(CommandError) -> String {
        guard let name = given ?? run?.name else {
            throw CommandError(.configuration, "which run? \(source) names none; give its name")
        }
        return name
    }
}
