internal import ArgumentParser
internal import FoundationEssentials
internal import Logging
internal import OgiveCore
internal import OgiveModels
internal import OgiveTransport
internal import OgiveWire
internal import OgiveWorker

/// `ogive worker CONFIG`: samples and scores for a coordinator.
struct WorkerCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Sample and score for a coordinator, with the model servers of this machine.",
        discussion: """
            Reads `policy`, `scorer` and `worker` of the configuration; starts the servers
            of their `launch` sections. Workers need no access to the database, and may
            come and go.

            A coordinator on another machine asks for keys: see `ogive keys --help`.
            `worker.http` of the configuration serves metrics and health.

            Example: ogive worker config/vllm.yaml -o worker.connect=tcp://127.0.0.1:7077
            """)

    @OptionGroup var file: ConfigurationArgument

    @Option(
        help: ArgumentHelp(
            "When the machine is taken away (RFC 3339): the worker drains before. "
                + "Default: worker.end_time, else $SLURM_JOB_END_TIME, else what squeue says.",
            valueName: "time"))
    var endTime: String?

    @Flag(help: .hidden)
    var followParent = false

    @Option(help: .hidden)
    var policyUrl: String?

    @Option(help: .hidden)
    var scorerUrl: String?

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        defer { LogSetup.finish(configuration.log) }
        let logger = LogSetup.logger("worker", configuration.log)
        let models = try ModelWiring(configuration, policyURL: policyUrl, scorerURL: scorerUrl)
        let provider = try models.provider()
        let monitoring = try Monitoring(
            configuration.worker.http, role: "worker", checks: ["models", "coordinator"], logger)
        var random = SystemRandomNumberGenerator()
        let id = WorkerID(using: &random)
        let own = configuration.worker
        // Before any server is launched, which would hold a GPU meanwhile.
        try await CoordinatorWait(configuration, logger).wait()
        let transport = try FailoverWorkerTransport(
            configuration.coordinatorPlaces, logger: logger
        ) { (address) throws(TransportError) in
            try ZeroMQWorkerTransport(
                worker: id, connect: address.text, security: try own.security(for: address),
                logger: logger)
        }
        let systemd = monitoring.systemd
        systemd.status("works for \(configuration.coordinatorPlaces)")
        var settings = configuration.worker.configuration(
            name: Executable.processName, batch: configuration.scorer?.batchSize ?? 1)
        settings.coordinators = configuration.coordinatorPlacesText
        settings.site = WorkerSite(
            host: ProcessInfo.processInfo.hostName,
            job: SlurmJob(environment: Environment.current).map { "slurm \($0.name)" } ?? "",
            endpoints: provider.endpoints.map { Secrets.hiding(in: $0) })
        settings.endsIn = try await WorkerEndTime.remaining(
            option: endTime, setting: own.endTime, logger: logger)
        var hooks = WorkerHooks()
        hooks.draining = { models.retire() }
        if !models.servers.isEmpty { hooks.untilServersAreGone = { await models.untilOneIsGone() } }
        let worker = WorkerService(
            configuration: settings, transport: transport, provider: provider, time: .machine,
            logger: logger, metrics: monitoring.metrics, pulse: monitoring.pulse,
            readiness: monitoring.readiness, hooks: hooks
        ) { ResultSplitter().split($0) }
        let healthy = GatedService(worker) { try await models.waitUntilHealthy() }
        let servers = models.servers.map { server in SideService { try await server.run() } }
        try await ServiceRunner(
            services: monitoring.services() + servers + [
                SideService { await provider.run() }, SideService { try await transport.run() },
                healthy,
            ], followsParent: followParent, logger: logger, systemd: systemd
        ) {
            // Its leases go to others at once; the message needs a moment to leave.
            _ = await transport.send(.goodbye)
            try? await ContinuousClock().sleep(for: .milliseconds(200))
        }
        .run()
    }
}

/// Waits until one of the places of a worker's coordinators has an address: a coordinator may write
/// its file later than the worker starts.
struct CoordinatorWait {
    private let places: [CoordinatorPlace]
    private let patience: Duration
    private let logger: Logger

    /// How often the files are looked at.
    private static let period = Duration.milliseconds(500)

    init(_ configuration: Configuration, _ logger: Logger) {
        places = configuration.coordinatorPlaces
        patience = configuration.worker.work.limits.registrationMax
        self.logger = logger
    }

    /// Returns when there is an address. Throws `.unavailable` when there is none in time,
    /// `TransportError` when a file holds something else.
    func wait() async throws {
        let begun = ContinuousClock.now
        let names = places.map(\.description).joined(separator: ", ")
        var isAnnounced = false
        while try places.allSatisfy({ try $0.find() == nil }) {
            guard ContinuousClock.now - begun < patience else {
                throw CommandError(
                    .unavailable,
                    "no coordinator wrote its address to \(names) for \(patience): check that one "
                        + "leads, and that its `coordinator.address_file` is this file")
            }
            if !isAnnounced {
                isAnnounced = true
                logger.notice(
                    "waiting for a coordinator to write its address",
                    metadata: ["to": "\(names)"])
            }
            try await Task.sleep(for: Self.period)
        }
    }
}

/// When a worker's machine is taken away, as people and Slurm say it.
enum WorkerEndTime {
    /// Slurm's variable: seconds since 1970.
    static let variable = "SLURM_JOB_END_TIME"

    /// How long the worker has, from now: as the option says, else the configuration, else Slurm,
    /// which is asked when its variable is not set. `nil` when nobody says.
    static func remaining(
        option: String?, setting: String?, logger: Logger
    ) async throws(CommandError) -> Duration? {
        let environment = Environment.current
        if let known = try remaining(option: option, setting: setting, environment: environment) {
            return known
        }
        guard let job = SlurmJob(environment: environment) else { return nil }
        do {
            return try await job.timeLeft()
        } catch {
            logger.warning(
                "Slurm does not say when this job ends; give --end-time, or tasks may be cut off",
                metadata: ["reason": "\(error.message)"])
            return nil
        }
    }

    /// The same, but for what only Slurm's commands tell. The wall clock is read here, once.
    static func remaining(
        option: String?, setting: String?, environment: [String: String], now: Date = Date()
    ) throws(CommandError) -> Duration? {
        if let option {
            guard let date = date(option) else {
                throw CommandError(
                    .configuration,
                    "--end-time must be a date and time like 2026-11-30T18:00:00Z, not '\(option)'")
            }
            return duration(to: date, from: now)
        }
        if let date = setting.flatMap(date) { return duration(to: date, from: now) }
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let seconds = Int64(text), seconds > 0 else {
            throw CommandError(
                .configuration,
                "\(variable) must be seconds since 1970, not '\(text)': unset it or use --end-time")
        }
        return duration(to: Date(timeIntervalSince1970: Double(seconds)), from: now)
    }

    /// Reads a date and time of RFC 3339.
    static func date(_ text: String) -> Date? {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private static func duration(to date: Date, from now: Date) -> Duration {
        .seconds(max(0, min(date.timeIntervalSince(now), 1e9)))
    }
}
