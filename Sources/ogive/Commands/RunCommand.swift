internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive run CONFIG`: everything on this machine, from prompts to quantile tables.
struct RunCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Do a whole run on this machine: database, model servers, coordinator, workers.",
        discussion: """
            Starts what the configuration names, imports the prompts, submits the run,
            shows its progress, and stops everything at the end. Interrupted or killed,
            the same command goes on where it stopped; with more `draws` it samples only
            the missing ones. Before the first draw of a run its models are looked at, as
            `ogive doctor` does.

            Examples:
              ogive run config/quickstart.yaml
              ogive run config/quickstart.yaml -o run.draws=64
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: "Try draws again that have a failure.")
    var retryFailures = false

    @Flag(name: .customLong("no-preflight"), help: "Do not look at the models first.")
    var skipsPreflight = false

    @OptionGroup var time: PreflightTime

    @Flag(help: "Print what happens as JSON lines, each with its `event`.")
    var json = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let file = try self.file.file()
        let configuration = try file.load()
        let begun = ContinuousClock.now
        try await DatabaseSession.withStore(
            configuration, schema: .migrated, makes: true
        ) { store, session in
            var submission = Submission(configuration: configuration)
            submission.retriesFailures = retryFailures || configuration.run?.retryFailures ?? false
            let submitted = try await submission.run(store)
            let lines = json ? [submitted.json.event("submitted").json] : submitted.lines
            // Not by `print`, which keeps it back when the output is a pipe or a file.
            ErrorRendering.write(lines.map { $0 + "\n" }.joined(), to: STDOUT_FILENO)
            let name = submitted.receipt.run.spec.name
            let before = try await store.runStatus(name)
            if !submitted.receipt.isFinished, !submitted.receipt.isOutOfBudget {
                var local = LocalRun(
                    name: name, configuration: configuration, configFile: file, store: store)
                local.showsJSON = json
                // What has rewards already was looked at before, or is its own proof.
                if !skipsPreflight, before.landed == 0 {
                    local.preflight = RunPreflight(
                        configuration: configuration, json: json, total: time.total)
                }
                try await local.run()
            }
            let summary = try await RunSummary.read(
                name, store, before: before, elapsed: ContinuousClock.now - begun)
            try summary.show(place: session.place, file: file, json: json)
        }
    }
}

extension PostgresStore {
    /// The status of one run.
    func runStatus(_ name: String) async throws -> RunStatus {
        guard let status = try await status(ofRun: name).first else {
            throw CommandError(.incomplete, "there is no run '\(name)'")
        }
        return status
    }
}
