internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive rescore RUN --scorer FILE`: another scoring of stored completions, nothing sampled again.
struct RescoreCommand: ConfiguredCommand, InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "rescore",
        abstract: "Score the stored completions of a run by another scorer.",
        discussion: """
            Nothing is sampled: the draws that RUN's sampling has stored are scored by the
            scorer of FILE, as a run of its own beside RUN. The view ogive.reward_pairs
            shows both. The same command again scores what was sampled since.

            FILE has the section `scorer`, and `worker` and `log` as usual; a `policy` is
            not needed and not started. The configuration (--config, else OGIVE_CONFIG,
            else ogive.yaml) has `database` and `coordinator`; without one, FILE has them
            too. Values given by -o count for both files.

            Examples:
              ogive rescore quickstart --scorer other.yaml
              ogive rescore quickstart --scorer other.yaml --config config/quickstart.yaml
              ogive rescore big --scorer other.yaml --submit   (for a coordinator)
            """)

    @Argument(help: "The run whose completions are scored.")
    var run: String

    @Option(
        help: ArgumentHelp("The YAML file of the scorer.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var scorer: String

    @Option(help: "The name of the new run (default: RUN-MODEL).")
    var name: String?

    @OptionGroup var file: ConfigurationOption

    @Flag(inversion: .prefixedNo, help: "Score candidates as well (default: as RUN does).")
    var candidates: Bool?

    @Flag(help: "Submit the run only, for a coordinator and workers that run elsewhere.")
    var submit = false

    @Flag(help: "Try items again that have a failure.")
    var retryFailures = false

    @Flag(name: .customLong("no-preflight"), help: "Do not look at the scorer first.")
    var skipsPreflight = false

    @OptionGroup var time: PreflightTime

    @Flag(help: "Print what happens as JSON lines, each with its `event`.")
    var json = false

    func run() async throws {
        try await Interruption.watching { try await run(under: $0) }
    }

    private func run(under interruption: Interruption) async throws {
        let scorerFile = ConfigurationFile(path: scorer, overrides: file.overrides)
        let databaseFile = try configurationFile()
        let configuration = try load(scorerFile, databaseFile)
        let begun = ContinuousClock.now
        let schema: DatabaseSession.Schema = submit ? .required : .migrated
        try await DatabaseSession.withStore(configuration, schema: schema) { store, session in
            try interruption.check()
            let rescoring = try Rescoring(
                source: run, name: name, configuration: configuration, candidates: candidates,
                retriesFailures: retryFailures)
            let source = try await rescoring.scored(store)
            let spec = rescoring.spec(of: source.spec)
            let (json, isLast) = (json, submit)
            var local = LocalRun(
                name: spec.name, configuration: configuration,
                configFile: ConfigurationFile(
                    path: scorer, overrides: file.overrides + ["policy=null"]), store: store,
                interruption: interruption
            ) {
                let result = try await rescoring.submit(spec, store)
                let object = isLast ? result.json : result.json.event("submitted")
                let text = json ? [object.json] : result.lines
                Output.show(text)
                return LocalRun.Submitted(
                    before: try await store.runStatus(spec.name),
                    isOpen: !result.receipt.isFinished)
            }
            local.coordinatorFile = databaseFile
            local.showsJSON = json
            if !submit, !skipsPreflight, try await !store.hasRewards(of: spec) {
                _ = try await store.rehearse(spec)
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

    /// The file that says where the database is: the configuration, or the scorer's own file.
    func configurationFile() throws(CommandError) -> ConfigurationFile {
        ConfigurationFile.find(named: file.config, overrides: file.overrides)
            ?? ConfigurationFile(path: scorer, overrides: file.overrides)
    }

    /// Both files as one, without a policy.
    private func load(
        _ scorerFile: ConfigurationFile, _ databaseFile: ConfigurationFile
    ) throws(CommandError) -> Configuration {
        var configuration = try scorerFile.load()
        if databaseFile.path != scorerFile.path {
            let other = try databaseFile.load()
            let isChosen = file.config != nil || configuration.database == nil
            guard isChosen || configuration.database == other.database else {
                throw CommandError(
                    .configuration,
                    "\(scorer) and \(databaseFile.path) name two databases: say by --config which "
                        + "file's is meant")
            }
            configuration.database = other.database
            configuration.coordinator = other.coordinator
        }
        configuration.policy = nil
        guard configuration.database != nil else {
            throw CommandError(
                .configuration,
                "\(databaseFile.path) lacks `database`: add it, or name the file that has it by "
                    + "--config")
        }
        return configuration
    }
}
