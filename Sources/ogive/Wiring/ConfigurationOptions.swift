internal import ArgumentParser
internal import OgiveStore

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
