import Logging
import Metrics
import OgiveCoordinator
import OgiveCore
import OgiveTesting
import OgiveWire
import OgiveWorker
import ServiceLifecycle
import Testing

/// A store, a network, and the real services of both sides.
struct Fleet {
    let network = FakeTransport()
    let store: MemoryStore
    let draws: Int

    /// One run of `prompts` × `draws`.
    init(prompts: Int = 6, draws: Int = 5) {
        self.draws = draws
        var database = MemoryDatabase()
        database.add(SimulatedModel.prompts(prompts), to: "prompts")
        database.submit(SimulatedModel.run(draws: draws))
        store = MemoryStore(database)
    }

    static let run = RunID(1)

    static var logger: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    func coordinator(
        over network: FakeTransport? = nil,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, pulse: Pulse = Pulse(),
        readiness: Readiness = Readiness(),
        _ adjust: (inout CoordinatorConfiguration) -> Void = { _ in },
        whenLeading: @escaping @Sendable () -> Void = {}
    ) -> CoordinatorService<FakeCoordinatorTransport> {
        var configuration = CoordinatorConfiguration(name: "coordinator")
        configuration.limits.drawsPerTask = 2
        configuration.limits.landingDelay = .milliseconds(1)
        configuration.limits.databasePause = .milliseconds(1)
        configuration.pollInterval = .milliseconds(5)
        configuration.tickInterval = .milliseconds(2)
        configuration.renewInterval = .milliseconds(20)
        configuration.standbyInterval = .milliseconds(5)
        adjust(&configuration)
        return CoordinatorService(
            configuration: configuration, transport: (network ?? self.network).coordinator,
            store: store, time: .machine, logger: Self.logger, metrics: metrics, pulse: pulse,
            readiness: readiness, whenLeading: whenLeading)
    }

    func worker(
        _ number: UInt64, _ models: FakeModels = FakeModels(),
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, pulse: Pulse = Pulse(),
        readiness: Readiness = Readiness()
    ) -> WorkerService<FakeWorkerTransport> {
        var configuration = WorkerConfiguration(name: "worker-\(number)", version: "1")
        configuration.sampleConcurrency = 2
        configuration.prefetch = 2
        configuration.limits.helloInterval = .milliseconds(20)
        configuration.limits.resendAfter = .milliseconds(50)
        return WorkerService(
            configuration: configuration,
            transport: network.connect(WorkerID(high: 1 << 63, low: number)), provider: models,
            time: .machine, logger: Self.logger, metrics: metrics, pulse: pulse,
            readiness: readiness, split: { ResultSplitter().split($0) })
    }

    /// Runs services while `body` waits for something; then cancels them.
    func run(
        _ services: [any Service], until body: @Sendable () async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for service in services {
                group.addTask { try? await service.run() }
            }
            await body()
            group.cancelAll()
        }
    }

    /// Waits until the run is finished.
    func finish() async {
        await store.wait { $0.isFinished(Self.run) }
    }

    /// Fails unless the table is that of an undisturbed run.
    func expectExactlyN(_ location: SourceLocation = #_sourceLocation) {
        let database = store.database
        let expected = SimulatedModel().table(of: SimulatedModel.run(draws: draws), in: database)
        #expect(database.tables[ScoringID(1)] == expected, sourceLocation: location)
        #expect(database.missing(of: Self.run) == [], sourceLocation: location)
        #expect(database.conflicts == [], sourceLocation: location)
    }
}
