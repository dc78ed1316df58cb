internal import FoundationEssentials
internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgiveStore
internal import OgiveTransport
internal import ServiceLifecycle

/// Runs coordinator, workers and model servers on this machine until a run is finished.
struct LocalRun {
    /// A run that is in the database.
    struct Submitted: Sendable {
        /// How far it was then.
        var before: RunStatus
        /// Whether something of it is left to do.
        var isOpen: Bool
        /// Other open runs of the database that are worked on too.
        var others: [String] = []

        /// Whether there is anything to start processes for.
        var isWork: Bool { isOpen || !others.isEmpty }
    }

    /// The run.
    var name: String
    /// The configuration of everything.
    var configuration: Configuration
    /// The file and overrides, passed on to the processes.
    var configFile: ConfigurationFile
    /// The database.
    var store: PostgresStore
    /// Whether it is to stop.
    var interruption: Interruption
    /// The file of the coordinator, when it is another one.
    var coordinatorFile: ConfigurationFile?
    /// Whether progress is shown as JSON lines.
    var showsJSON = false
    /// Whether all open runs of the database are worked on, and not this one alone.
    var servesAll = false
    /// Whether the dashboard is served while the run goes on.
    var showsDashboard = false
    /// Whether model servers and workers are started; otherwise workers come from elsewhere.
    var startsWorkers = true
    /// What is looked at once the servers are healthy, before the run is submitted.
    var preflight: RunPreflight?
    /// The run, when it was submitted before.
    var submitted: Submitted?
    /// Submits the run, unless it was before.
    var submit: @Sendable () async throws -> Submitted

    init(
        name: String, configuration: Configuration, configFile: ConfigurationFile,
        store: PostgresStore, interruption: Interruption,
        submit: @escaping @Sendable () async throws -> Submitted
    ) {
        self.name = name
        self.configuration = configuration
        self.configFile = configFile
        self.store = store
        self.interruption = interruption
        self.submit = submit
    }

    /// Runs to the end of the run, and of those that are worked on too; answers with how far it was
    /// before. Throws when one cannot be finished, or is interrupted.
    func run() async throws -> RunStatus {
        try interruption.check()
        interruption.isEndedInOrder = true
        defer { interruption.isEndedInOrder = false }
        let models = try ModelWiring(configuration, launches: startsWorkers)
        let socket = try PrivateSocket(configuration.coordinator)
        let address = socket.address
        if address.isChosen {
            let shared = CoordinatorAddress.shared(
                address.listen, host: ProcessInfo.processInfo.hostName)
            Output.show("the coordinator listens at \(shared)", on: STDERR_FILENO)
        }
        let job = self
        return try await withThrowingTaskGroup(of: RunStatus?.self) { group in
            group.addTask {
                await job.interruption.waitForForce()
                return nil
            }
            group.addTask {
                try await job.interruption.cancelling { try await job.turn.wait() }
                return try await job.serve(models, address)
            }
            // What is still running is ended in order: each process ends its own children.
            defer { group.cancelAll() }
            guard let before = try await group.next() ?? nil else { throw Interruption.error }
            return before
        }
    }

    private var turn: LeadershipWait {
        LeadershipWait(store: store, run: submitted == nil || servesAll ? nil : name)
    }

    /// The run with the servers that it starts.
    private func serve(
        _ models: ModelWiring, _ address: RunAddress
    ) async throws -> RunStatus {
        let job = self
        let interruption = interruption
        return try await withThrowingTaskGroup(of: RunStatus?.self) { group in
            group.addTask {
                await interruption.wait()
                models.retire()
                return nil
            }
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
                if submitted.isWork {
                    try await job.processes(
                        models, address, expected, runs: [job.name] + submitted.others)
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

    /// Nobody else leads this database as a rule: a killed coordinator is soon followed.
    private var shortTerm: [String] {
        guard !configuration.coordinator.isExpiryGiven else { return [] }
        return ["-o", "coordinator.term_expiry=3s", "-o", "coordinator.renew_interval=500ms"]
    }

    /// Coordinator and workers, watched until `runs` are finished; then drained in order.
    private func processes(
        _ models: ModelWiring, _ address: RunAddress, _ expected: Double?, runs: [String]
    ) async throws {
        func arguments(_ file: ConfigurationFile) -> [String] { file.arguments + address.options }
        let numbers = startsWorkers ? 1..<configuration.worker.processes + 1 : 1..<1
        let coordinator = SupervisedProcess(
            "coordinator",
            [Executable.path, "coordinator", "--follow-parent", "--no-standby"]
                + (servesAll ? [] : ["--only-run", name])
                + arguments(coordinatorFile ?? configFile)
                + ["-o", "coordinator.listen=\(address.listen)"] + shortTerm)
        let workers = numbers.map { number in
            SupervisedProcess(
                "worker \(number)",
                [Executable.path, "worker", "--follow-parent"] + arguments(configFile)
                    + models.addresses
                    // This run ends them.
                    + ["-o", "worker.connect=\(address.connect)", "-o", "worker.idle_timeout=null"]
                    + address.workerOptions
                    + (configuration.worker.http?.override(forWorker: number) ?? []),
                without: configuration.databaseSecrets)
        }
        let dashboard =
            showsDashboard
            ? SupervisedProcess(
                "dashboard",
                [Executable.path, "dashboard", "--follow-parent"] + configFile.arguments) : nil
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for process in [coordinator] + workers {
                group.addTask {
                    try await process.run()
                    return false
                }
            }
            if let dashboard {
                group.addTask {
                    await dashboard.runBeside()
                    return false
                }
            }
            group.addTask {
                for run in runs {
                    try await RunMonitor(
                        name: run, store: store, showsJSON: showsJSON,
                        starvation: expected.map(StarvationWatch.init(expected:)),
                        endsUnserved: startsWorkers
                    ).run()
                }
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
            await SupervisedProcess.stop([coordinator] + (dashboard.map { [$0] } ?? []))
            group.cancelAll()
            try result.get()
        }
    }
}

/// The turn of a run among those that want to lead its database: one at a time does.
struct LeadershipWait {
    /// The database.
    var store: PostgresStore
    /// The run, when it is submitted: the one that leads may finish it.
    var run: String?

    /// How often the database is asked.
    private static let period = Duration.milliseconds(250)

    /// Returns once nobody leads, or nothing of the run is left to do.
    func wait() async throws {
        var leader: CoordinatorStatus?
        var isAnnounced = false
        while true {
            do {
                let found = try await store.coordinator()
                guard found.leads else { return }
                if let run, try await store.runStatus(run).isClosed { return }
                // A killed one leads until its term expires, but does not renew it.
                if !isAnnounced, let leader, leader.term == found.term,
                    leader.renewedAt != found.renewedAt
                {
                    isAnnounced = true
                    announce(found)
                }
                if leader?.term != found.term { leader = found }
            } catch let error as StoreError where error.isRetriable {
                // The database is asked again, as while the run is on.
                try await Task.sleep(for: Self.period)
            }
            try await Task.sleep(for: Self.period)
        }
    }

    private func announce(_ leader: CoordinatorStatus) {
        Output.show(
            "this run waits for its turn: \(leader.name ?? "another coordinator") works on this "
                + "database; `ogive submit` gives the run to a coordinator that stays",
            on: STDERR_FILENO)
    }
}
