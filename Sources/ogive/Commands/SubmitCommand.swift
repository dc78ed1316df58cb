internal import ArgumentParser
internal import OgiveCore
internal import OgiveStore

/// `ogive submit CONFIG`: names a run for the coordinator to serve.
struct SubmitCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Import the prompts of a configuration and submit its run.",
        discussion: """
            Submitting the same again resumes the run; more `draws` top it up. Another
            policy or parameter makes a new sampling, another scorer a new scoring: the
            run's name stands for it from then on, and the former results stay and are
            found again with the former configuration.

            With --dry-run nothing is stored: it says how many draws of the imported
            prompts would be missing, and what they may cost by what has landed.

            Examples:
              ogive submit config/vllm.yaml
              ogive submit config/vllm.yaml -o run.draws=64 --dry-run
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: "Try draws again that have a failure.")
    var retryFailures = false

    @Flag(help: "Only say what would be done, and what it may cost.")
    var dryRun = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        if dryRun {
            try Self.requireDatabase(of: configuration)
        } else {
            try configuration.prompts?.requireFile()
        }
        try await DatabaseSession.withStore(configuration, makes: !dryRun) { store, _ in
            if dryRun {
                let (receipt, status) = try await store.rehearse(try configuration.runSpec())
                let plan = SubmissionPlan(
                    outcome: Submission.Result(imported: nil, receipt: receipt, retried: 0),
                    status: status)
                Output.show(json ? [plan.json.json] : plan.lines)
                return
            }
            var submission = Submission(configuration: configuration)
            submission.retriesFailures = retryFailures || configuration.run?.retryFailures ?? false
            let result = try await submission.run(store)
            Output.show(json ? [result.json.json] : result.lines)
        }
    }

    /// Throws `.unavailable` when there is no database yet, and so no prompt to count draws of.
    private static func requireDatabase(of configuration: Configuration) throws(CommandError) {
        let database = try configuration.requiredDatabase()
        guard case .embedded(let folder) = database.location, !database.isPresent else { return }
        let prompts = configuration.prompts
        let set = try prompts?.requiredSet(configuration.source)
        let file = ConfigurationFile.quoted(prompts?.file ?? "FILE")
        let limit = prompts?.limit.map { " --limit \($0)" } ?? ""
        throw CommandError(
            .unavailable,
            "there is no database in \(folder) yet, and --dry-run makes none: import the prompts "
                + "first with `ogive import \(file) --set \(set ?? "SET")\(limit)`, or leave "
                + "--dry-run out. `ogive doctor` estimates time and tokens without a database")
    }
}

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

    var givenRun: String? { name }

    func run() async throws {
        let configuration = try file.load()
        let status = try await DatabaseSession.withStore(configuration) { store, _ in
            try await store.cancel(run: name)
        }
        Output.show(
            json
                ? ExactJSON.output(status.json.fields ?? [:]).json
                : "run '\(name)' is cancelled: "
                    + NumberText.count(status.landed, "draw") + " landed and "
                    + "\(status.landed == 1 ? "stays" : "stay"), "
                    + "\(NumberText.count(status.pending)) will not be done")
    }
}
