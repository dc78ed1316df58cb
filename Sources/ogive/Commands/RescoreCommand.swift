internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive rescore RUN --scorer FILE`: another scoring of stored completions, nothing sampled again.
struct RescoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rescore",
        abstract: "Score the stored completions of a run by another scorer.",
        discussion: """
            Nothing is sampled: the draws that RUN's sampling has stored are scored by the scorer
            of FILE, as a run of its own beside RUN. The view ogive.reward_pairs shows both. The
            same command again scores what was sampled since.

            FILE has the section `scorer`; `worker` and `log` as usual; `database` and
            `coordinator` too, unless --config names the file that has them. A `policy` is not
            needed and not started.

            Examples:
              ogive rescore quickstart --scorer other.yaml
              ogive rescore quickstart --scorer other.yaml --config config/quickstart.yaml
              ogive rescore big --scorer other.yaml --submit    (for a coordinator that runs)
            """)

    @Argument(help: "The run whose completions are scored.")
    var run: String

    @Option(help: ArgumentHelp("The YAML file of the scorer.", valueName: "file"))
    var scorer: String

    @Option(help: "The name of the new run (default: RUN-MODEL).")
    var name: String?

    @Option(
        name: .shortAndLong,
        help: "The YAML file with `database` and `coordinator` (default: that of --scorer).")
    var config: String?

    @Option(
        name: [.customShort("o"), .customLong("override")],
        help: ArgumentHelp("A value in place of that of both files.", valueName: "key.path=value"))
    var overrides: [String] = []

    @Flag(inversion: .prefixedNo, help: "Score candidates as well (default: as RUN does).")
    var candidates: Bool?

    @Flag(help: "Submit the run only, for a coordinator and workers that run elsewhere.")
    var submit = false

    @Flag(help: "Try items again that have a failure.")
    var retryFailures = false

    @Flag(name: .customLong("no-preflight"), help: "Do not look at the scorer first.")
    var skipsPreflight = false

    @OptionGroup var time: PreflightTime

    @Flag(help: "Print progress and result as JSON lines.")
    var json = false

    func run() async throws {
        let configuration = try load()
        let begun = ContinuousClock.now
        let schema: DatabaseSession.Schema = submit ? .required : .migrated
        try await DatabaseSession.withStore(configuration, schema: schema) { store, session in
            let rescoring = try Rescoring(
                source: run, name: name, configuration: configuration, candidates: candidates,
                retriesFailures: retryFailures)
            let source = try await rescoring.scored(store)
            let spec = rescoring.spec(of: source.spec)
            let (json, isLast) = (json, submit)
            var local = LocalRun(
                name: spec.name, configuration: configuration,
                configFile: file(scorer, overrides + ["policy=null"]), store: store
            ) {
                let result = try await rescoring.submit(spec, store)
                if !json || isLast {
                    let text = json ? [result.json.json] : result.lines
                    ErrorRendering.write(text.map { $0 + "\n" }.joined(), to: STDOUT_FILENO)
                }
                return LocalRun.Submitted(
                    before: try await store.runStatus(spec.name),
                    isOpen: !result.receipt.isFinished)
            }
            local.coordinatorFile = databaseFile
            local.showsJSON = json
            if !submit, !skipsPreflight, try await !store.hasRewards(of: spec) {
                try await store.rehearse(spec)
                local.preflight = RunPreflight(
                    configuration: configuration, json: json, total: time.total,
                    stored: try await StoredDraws(of: source, store))
            } else {
                local.submitted = try await local.submit()
            }
            if submit { return }
            let before =
                if let submitted = local.submitted, !submitted.isOpen { submitted.before } else {
                    try await local.run()
                }
            var summary = try await RunSummary.read(
                spec.name, store, before: before, elapsed: ContinuousClock.now - begun)
            summary.other = run
            try summary.show(place: session.place, file: databaseFile, json: json)
        }
    }

    /// The file that says where the database is.
    private var databaseFile: ConfigurationArgument { file(config ?? scorer, overrides) }

    private func file(_ path: String, _ overrides: [String]) -> ConfigurationArgument {
        var argument = ConfigurationArgument()
        argument.config = path
        argument.overrides = overrides
        return argument
    }

    /// Both files as one, without a policy.
    private func load() throws(CommandError) -> Configuration {
        var configuration = try file(scorer, overrides).load()
        if config != nil {
            let other = try databaseFile.load()
            configuration.database = other.database
            configuration.coordinator = other.coordinator
        }
        configuration.policy = nil
        guard configuration.database != nil else {
            throw CommandError(
                .configuration,
                "\(configuration.source) lacks `database`: add it, or name the file that has it "
                    + "by --config")
        }
        return configuration
    }
}
