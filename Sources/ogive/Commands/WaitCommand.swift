internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive wait [RUN]`: returns when a run is closed, for scripts.
struct WaitCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a run has finished, for scripts.",
        discussion: """
            Exit codes: 0 finished; 1 finished with failures, cancelled, or there is no
            such run; 3 the database is not reachable; 4 the budget is spent; 124 the
            time of --timeout is over and the run is still open. While it waits, it
            sits out faults of the database.

            Example: ogive wait quickstart --timeout 2h && ogive report quickstart
            """)

    @Argument(help: "The run (default: the configuration's).")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Most time to wait, for example 90s or 2h (default: no limit).", valueName: "duration"))
    var timeout: String?

    @Flag(help: "Print one JSON object at the end.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    var givenRun: String? { name }

    func validate() throws {
        if let timeout, DurationText.parse(timeout) == nil {
            throw ValidationError("--timeout takes a duration such as 90s or 2h, not '\(timeout)'")
        }
    }

    func run() async throws {
        let configuration = try file.load()
        let limit = timeout.flatMap(DurationText.parse)
        let (status, isOver) = try await DatabaseSession.withStore(configuration) { store, _ in
            let name = try await configuration.runName(name, in: store)
            return try await RunWait(name: name, limit: limit).result(store)
        }
        if json {
            Output.show(
                ExactJSON.output(["run": status.json, "timed_out": .bool(isOver)]).json)
        }
        if let error = RunWait.error(status) { throw error }
        if !json { Output.show("run '\(status.run)': \(status.state)") }
    }
}

/// Waits for the end of a run.
struct RunWait {
    /// The run.
    let name: String
    /// Most time to wait; `nil` for no limit.
    let limit: Duration?

    /// Time between two looks, and how many times as long as a look itself.
    private static let period = Duration.seconds(1)
    private static let rest = 4

    /// How the run is when it has closed, or the time is over. Throws at once when there is no
    /// such run, and when the database refuses.
    func result(_ store: PostgresStore) async throws -> (status: RunStatus, isOver: Bool) {
        let begun = ContinuousClock.now
        var isNoted = false
        while true {
            let asked = ContinuousClock.now
            do {
                let status = try await store.runStatus(name)
                if status.isClosed { return (status, false) }
                if !isNoted, try await !store.coordinator().leads {
                    isNoted = true
                    Output.warn(
                        "note: no coordinator leads; the run goes on when `ogive run` or "
                            + "`ogive coordinator` serves it\n")
                }
                let left = limit.map { $0 - (ContinuousClock.now - begun) }
                if let left, left <= .zero { return (status, true) }
                let pause = max(Self.period, (ContinuousClock.now - asked) * Self.rest)
                try await Task.sleep(for: min(pause, left ?? pause))
            } catch let error as StoreError where error.isRetriable {
                if let limit, ContinuousClock.now - begun >= limit { throw error }
                try await Task.sleep(for: Self.period)
            }
        }
    }

    /// What is not as it should be with a run; `nil` when it has finished and nothing failed.
    static func error(_ status: RunStatus) -> CommandError? {
        let failures =
            status.failures + status.candidateFailures + status.logProbabilityFailures
        switch status.state {
        case "open":
            return CommandError(
                .timeout,
                "the time is over, and \(NumberText.count(status.pending, "draw")) of run "
                    + "'\(status.run)' \(status.pending == 1 ? "is" : "are") pending")
        case "budget":
            return CommandError(
                .budget,
                NumberText.count(status.pending, "draw", "is", "are")
                    + " left; \(RunStatus.budgetAdvice)")
        case "cancelled":
            return CommandError(.incomplete, "run '\(status.run)' was cancelled")
        default:
            guard failures > 0 else { return nil }
            return CommandError(
                .incomplete,
                "run '\(status.run)' has finished, and "
                    + NumberText.count(failures, "item", "has", "have")
                    + " a failure instead of a result: see `ogive failures`")
        }
    }
}
