internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive refresh RUN --revision REVISION`: the next reference version, over the same prompts.
struct RefreshCommand: ConfiguredCommand, InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Sample the prompts of a run again by the next version of its policy.",
        discussion: """
            When the reference model has moved: a run of its own beside RUN, over the same
            prompts, with the same sampling parameters, scorer and number of draws. Its
            policy is that of the configuration with --revision, and must differ from
            RUN's; without a `policy` in the configuration, with --submit only, it is
            RUN's with --revision. The new sampling names RUN's as its parent (the view
            ogive.reference_versions), and RUN stays as it is. The same command again goes
            on where it stopped.

            `ogive compare RUN` shows how far the distributions moved from the version
            before.

            Examples:
              ogive refresh quickstart --revision step-200
              ogive refresh big --revision step-200 --submit   (for a coordinator)
              ogive refresh big --revision step-200 --dry-run
            """)

    @Argument(help: "The run of the version before.")
    var run: String

    @Option(help: "What the new version is called: its policy.revision.")
    var revision: String?

    @Option(help: "The name of the new run (default: RUN-REVISION).")
    var name: String?

    @OptionGroup var file: ConfigurationOption

    @Flag(help: "Submit the run only, for a coordinator and workers that run elsewhere.")
    var submit = false

    @Flag(help: "Only say what would be done, and what it may cost.")
    var dryRun = false

    @Flag(name: .customLong("no-preflight"), help: "Do not look at the models first.")
    var skipsPreflight = false

    @OptionGroup var time: PreflightTime

    @Flag(help: "Print what happens as JSON lines, each with its `event`.")
    var json = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        try await Interruption.watching { try await run(under: $0) }
    }

    private func run(under interruption: Interruption) async throws {
        var file = try self.file.file()
        if let revision, try file.load().policy != nil {
            file.overrides.append("policy.revision=\(ExactJSON.string(revision).json)")
        }
        let configuration = try file.load()
        let isLocal = !submit && !dryRun
        if isLocal { try requireModels(configuration) }
        let begun = ContinuousClock.now
        try await DatabaseSession.withStore(
            configuration, schema: isLocal ? .migrated : .required
        ) { store, session in
            try interruption.check()
            let refreshing = try await Refreshing(
                .init(
                    source: run, name: name, revision: revision,
                    policy: configuration.policy?.spec), in: store)
            if dryRun {
                let plan = try await refreshing.rehearse(store)
                Output.show(json ? [plan.json.json] : plan.lines)
                return
            }
            if submit {
                let result = try await refreshing.submit(store)
                Output.show(json ? [result.json.json] : result.lines)
                return
            }
            try requireScorer(configuration, of: refreshing.source)
            let before = try await localRun(
                refreshing, configuration, file, store, interruption)
            let summary = try await RunSummary.read(
                refreshing.spec.name, store, before: before,
                elapsed: ContinuousClock.now - begun)
            try summary.show(place: session.place, file: file, json: json)
        }
    }

    /// Samples on this machine; answers with how far the run was before.
    private func localRun(
        _ refreshing: Refreshing, _ configuration: Configuration, _ file: ConfigurationFile,
        _ store: PostgresStore, _ interruption: Interruption
    ) async throws -> RunStatus {
        let (json, spec) = (json, refreshing.spec)
        var local = LocalRun(
            name: spec.name, configuration: configuration, configFile: file, store: store,
            interruption: interruption
        ) {
            let result = try await refreshing.submit(store)
            Output.show(json ? [result.json.event("submitted").json] : result.lines)
            return LocalRun.Submitted(
                before: try await store.runStatus(spec.name),
                isOpen: !result.receipt.isFinished && !result.receipt.isOutOfBudget)
        }
        local.showsJSON = json
        if !skipsPreflight, try await !store.hasRewards(of: spec) {
            _ = try await refreshing.rehearse(store)
            local.preflight = RunPreflight(
                configuration: configuration, json: json, total: time.total)
        } else {
            local.submitted = try await local.submit()
        }
        if let submitted = local.submitted, !submitted.isWork { return submitted.before }
        return try await local.run()
    }

    private func requireModels(_ configuration: Configuration) throws(CommandError) {
        guard configuration.policy == nil || configuration.scorer == nil else { return }
        throw CommandError(
            .configuration,
            "\(configuration.source) lacks `\(configuration.policy == nil ? "policy" : "scorer")`: "
                + "who is to \(configuration.policy == nil ? "sample" : "score")? (--submit leaves "
                + "that to workers elsewhere)")
    }

    /// Another scorer's rewards could not be compared with those of the version before.
    private func requireScorer(
        _ configuration: Configuration, of source: RunDescription
    ) throws(CommandError) {
        guard configuration.scorer?.spec == source.spec.scoring.scorer else {
            throw CommandError(
                .configuration,
                "the `scorer` of \(configuration.source) is not that of run '\(run)': two "
                    + "versions are compared by the rewards of one scorer")
        }
    }
}
