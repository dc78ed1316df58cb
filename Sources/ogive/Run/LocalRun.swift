internal import Glibc
internal import OgiveModels
internal import OgiveStore
internal import ServiceLifecycle
internal import UnixSignals

/// Runs coordinator, workers and model servers on this machine until a run is finished.
struct LocalRun {
    /// A run that is in the database.
    struct Submitted: Sendable {
        /// How far it was then.
        var before: RunStatus
        /// Whether something of it is left to do.
        var isOpen: Bool
    }

    /// The run.
    var name: String
    /// The configuration of everything.
    var configuration: Configuration
    /// The file and overrides, passed on to the processes.
    var configFile: ConfigurationFile
    /// The database.
    var store: PostgresStore
    /// The file of the coordinator, when it is another one.
    var coordinatorFile: ConfigurationFile?
    /// Whether progress is shown as JSON lines.
    var showsJSON = false
    /// Whether all open runs of the database are worked on, and not this one alone.
    var servesAll = false
    /// What is looked at once the servers are healthy, before the run is submitted.
    var preflight: RunPreflight?
    /// The run, when it was submitted before.
    var submitted: Submitted?
    /// Submits the run, unless it was before.
    var submit: @Sendable () async throws -> Submitted

    init(
        name: String, configuration: Configuration, configFile: ConfigurationFile,
        store: PostgresStore, submit: @escaping @Sendable () async throws -> Submitted
    ) {
        self.name = name
        self.configuration = configuration
        self.configFile = configFile
        self.store = store
        self.submit = submit
    }

    /// Runs to the end of the run; answers with how far it was before. Throws when it cannot be
    /// finished, or is interrupted.
    func run() async throws -> RunStatus {
        let models = try ModelWiring(configuration)
        let socket = try PrivateSocket(configuration.coordinator)
        let endpoint = socket.endpoint
        let overrides = socket.overrides
        let job = self
        let interruption = Interruption()
        return try await withThrowingTaskGroup(of: RunStatus?.self) { group in
            group.addTask {
                await Self.watchSignals(interruption)
                return nil
            }
            group.addTask {
                try await interruption.cancelling { try await job.turn.wait() }
                return try await job.serve(models, endpoint, overrides, interruption)
            }
            // What is still running is ended in order: each process ends its own children.
            defer { group.cancelAll() }
            guard let before = try await group.next() ?? nil else { throw Interruption.error }
            return before
        }
    }

    private var turn: Turn { Turn(store: store, run: submitted == nil ? nil : name) }

    /// The run with the servers that it starts.
    private func serve(
        _ models: ModelWiring, _ endpoint: String, _ overrides: [String],
        _ interruption: Interruption
    ) async throws -> RunStatus {
        let job = self
        return try await withThrowingTaskGroup(of: RunStatus?.self) { group in
            for server in models.servers {
                group.addTask {
                    try await server.run()
                    return nil
                }
            }
            group.addTask {
                let expected: Double? = try await interruption.cancelling {
                    try await models.waitUntilHealthy()
                    let expected = try await job.preflight?.run(models)
                    // The workers ask the servers at once.
                    try await models.waitUntilAnswering()
                    return expected
                }
                let submitted =
                    if let submitted = job.submitted { submitted } else { try await job.submit() }
                if submitted.isOpen {
                    try await job.processes(models, endpoint, overrides, interruption, expected)
                }
                return submitted.before
            }
            defer { group.cancelAll() }
            while let end = try await group.next() {
                if let end { return end }
            }
            throw Interruption.error
        }
    }

    /// Asks to stop at the first signal, and returns at the second.
    private static func watchSignals(_ interruption: Interruption) async {
        var requests = StopRequests()
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1) {
            switch requests.take(signal) {
            case .drain:
                Output.warn(
                    "interrupted: what is under way is finished; "
                        + "a second signal forces the exit\n")
                interruption.raise()
            case .force:
                Output.warn(
                    "forced: ending the model servers (within their `stop_timeout`), then the "
                        + "database\n")
                return
            case nil: continue
            }
        }
    }

    /// Nobody else leads this database as a rule: a killed coordinator is soon followed.
    private var shortLease: [String] {
        guard !configuration.coordinator.isLeaseGiven else { return [] }
        return ["-o", "coordinator.lease=3s", "-o", "coordinator.renew_interval=500ms"]
    }

    /// Coordinator and workers, watched until the run is finished; then drained in order.
    private func processes(
        _ models: ModelWiring, _ endpoint: String, _ overrides: [String],
        _ interruption: Interruption, _ expected: Double?
    ) async throws {
        func arguments(_ file: ConfigurationFile) -> [String] { file.arguments + overrides }
        let coordinator = SupervisedProcess(
            "coordinator",
            [Executable.path, "coordinator", "--follow-parent", "--no-standby"]
                + (servesAll ? [] : ["--only-run", name])
                + arguments(coordinatorFile ?? configFile)
                + ["-o", "coordinator.listen=\(endpoint)"] + shortLease)
        let workers = (1...configuration.worker.processes).map { number in
            SupervisedProcess(
                "worker \(number)",
                [Executable.path, "worker", "--follow-parent"] + arguments(configFile)
                    + models.addresses
                    + ["-o", "worker.connect=\(endpoint)"],
                without: configuration.databaseSecrets)
        }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for process in [coordinator] + workers {
                group.addTask {
                    try await process.run()
                    return false
                }
            }
            group.addTask {
                try await RunMonitor(
                    name: name, store: store, showsJSON: showsJSON,
                    starvation: expected.map(StarvationWatch.init(expected:))
                ).run()
                return true
            }
            group.addTask {
                try await interruption.watch()
                return false
            }
            let result: Result<Void, any Error>
            do {
                while let isFinished = try await group.next(), !isFinished {}
                result = .success(())
            } catch {
                result = .failure(error)
            }
            // Workers first: what they finished is landed by a coordinator that is still there.
            await SupervisedProcess.stop(workers)
            await SupervisedProcess.stop([coordinator])
            group.cancelAll()
            try result.get()
        }
    }
}
