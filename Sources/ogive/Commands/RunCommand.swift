internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive run CONFIG`: everything on this machine, from prompts to quantile tables.
struct RunCommand: ConfiguredCommand, InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Do a whole run on this machine: database, model servers, coordinator, workers.",
        discussion: """
            Starts what the configuration names, imports the prompts, submits the run,
            shows its progress, and stops everything at the end. Interrupted or killed,
            the same command goes on where it stopped; with more `draws` it samples only
            the missing ones. A new run's models are looked at first, as `ogive doctor`
            does: if that finds an error, the run is not submitted. Other open runs of
            the database wait, unless --all is given; while another `ogive run` or
            coordinator works on the database, this one waits.

            Examples:
              ogive run config/quickstart.yaml
              ogive run config/quickstart.yaml -o run.draws=64
              ogive run mine.yaml --no-workers -o coordinator.listen=tcp://*:7077
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: "Try draws again that have a failure.")
    var retryFailures = false

    @Flag(name: .customLong("no-preflight"), help: "Do not look at the models first.")
    var skipsPreflight = false

    @Flag(help: "Work on all open runs of the database to their end, not on this one alone.")
    var all = false

    @Flag(
        help: ArgumentHelp(
            "Start no model server and no worker, and look at no model: workers of other machines "
                + "connect to coordinator.listen."))
    var noWorkers = false

    @Flag(help: "Serve the pages of `ogive dashboard` while the run goes on.")
    var dashboard = false

    @OptionGroup var time: PreflightTime

    @Flag(help: "Print what happens as JSON lines, each with its `event`.")
    var json = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        try await Interruption.watching { try await run(under: $0) }
    }

    /// The same under a watch on signals that is on already.
    func run(under interruption: Interruption) async throws {
        let file = try self.file.file()
        let configuration = try file.load()
        let spec = try configuration.runSpec()
        try configuration.prompts?.requireFile()
        if noWorkers, !configuration.coordinator.isListenGiven {
            throw CommandError(
                .configuration,
                "with --no-workers, say in `coordinator.listen` where workers connect to, for "
                    + "example tcp://*:7077")
        }
        let begun = ContinuousClock.now
        try await DatabaseSession.withStore(
            configuration, schema: .migrated, makes: true
        ) { store, session in
            try interruption.check()
            var submission = Submission(configuration: configuration)
            submission.retriesFailures = retryFailures || configuration.run?.retryFailures ?? false
            let (asked, json, all) = (submission, json, all)
            let imported = try await interruption.cancelling {
                try await asked.importPrompts(store)
            }
            var local = LocalRun(
                name: spec.name, configuration: configuration, configFile: file, store: store,
                interruption: interruption
            ) {
                try await Self.submitted(asked, imported, store, json: json, all: all)
            }
            local.showsJSON = json
            local.servesAll = all
            local.startsWorkers = !noWorkers
            local.showsDashboard = dashboard
            // What has rewards already was looked at before, or is its own proof.
            if !skipsPreflight, !noWorkers, try await !store.hasRewards(of: spec) {
                let receipt = try await store.checkSubmission(
                    of: spec, isImported: configuration.prompts?.file != nil)
                if let changes = receipt?.changes, !changes.isEmpty {
                    Output.warn(
                        "run '\(spec.name)' was submitted with other settings before "
                            + "(\(changes.joined(separator: "; "))): "
                            + "interrupt now if that is not meant\n")
                }
                local.preflight = RunPreflight(
                    configuration: configuration, json: json, total: time.total)
            } else {
                local.submitted = try await local.submit()
            }
            let before =
                if let submitted = local.submitted, !submitted.isWork { submitted.before } else {
                    try await local.run()
                }
            let summary = try await RunSummary.read(
                spec.name, store, before: before, elapsed: ContinuousClock.now - begun)
            try summary.show(place: session.place, file: file, json: json)
        }
    }

    /// Submits, and says so.
    private static func submitted(
        _ submission: Submission, _ imported: ImportJob.Outcome?, _ store: PostgresStore,
        json: Bool, all: Bool
    ) async throws -> LocalRun.Submitted {
        let result = try await submission.submit(importing: imported, store)
        let name = result.receipt.run.spec.name
        let isOpen = !result.receipt.isFinished && !result.receipt.isOutOfBudget
        var lines = json ? [result.json.event("submitted").json] : result.lines
        let others = try await store.status().filter { !$0.isClosed && $0.run != name }.map(\.run)
        if !json, !others.isEmpty { lines.append(text(ofOthers: others, all: all)) }
        Output.show(lines)
        return LocalRun.Submitted(
            before: try await store.runStatus(name), isOpen: isOpen, others: all ? others : [])
    }

    /// What becomes of the other open runs of the database.
    private static func text(ofOthers runs: [String], all: Bool) -> String {
        let first = runs.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        let names = first + (runs.count > 5 ? ", …" : "")
        return all
            ? "works on the other open runs too: \(names)"
            : "other open runs wait: \(names) (`ogive run --all` works on them too)"
    }
}

extension PostgresStore {
    /// Whether this run, as it is specified, has rewards.
    func hasRewards(of spec: RunSpec) async throws -> Bool {
        guard let run = try await run(ifNamed: spec.name), run.spec.scoring == spec.scoring else {
            return false
        }
        return try await runStatus(spec.name).landed > 0
    }

    /// Throws what submitting a run would throw, before models are started for it, and answers what
    /// it would do; `nil` for a new run whose prompts were imported, of which nothing is refused.
    func checkSubmission(of spec: RunSpec, isImported: Bool) async throws -> SubmitReceipt? {
        if isImported, try await run(ifNamed: spec.name) == nil { return nil }
        return try await rehearse(spec).receipt
    }

    private func run(ifNamed name: String) async throws -> RunDescription? {
        guard try await status().contains(where: { $0.run == name }) else { return nil }
        return try await run(named: name)
    }

    /// The status of one run.
    func runStatus(_ name: String) async throws -> RunStatus {
        guard let status = try await status(ofRun: name).first else {
            throw CommandError(.incomplete, "there is no run '\(name)'")
        }
        return status
    }
}
