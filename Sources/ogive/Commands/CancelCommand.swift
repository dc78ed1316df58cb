internal import ArgumentParser
internal import OgiveStore

/// `ogive cancel RUN`: ends an open run; what landed stays.
struct CancelCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End an open run; what has landed stays.",
        discussion: """
            Nothing more of the run is handed out. Results that are under way still land.
            Submit the run again to go on with it; `ogive drop` removes it.

            Examples:
              ogive cancel quickstart --config config/quickstart.yaml
            """)

    @Argument(help: "The run.")
    var name: String

    @Flag(help: "Print one JSON object: the run as `ogive status` shows it.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        let status = try await DatabaseSession.withStore(configuration) { store, _ in
            try await store.cancel(run: name)
        }
        Output.show(
            json
                ? JSONValue.output(status.json.fields ?? [:]).json
                : "run '\(name)' is cancelled: \(NumberText.count(status.landed)) draws landed and "
                    + "stay, \(NumberText.count(status.pending)) will not be done")
    }
}
