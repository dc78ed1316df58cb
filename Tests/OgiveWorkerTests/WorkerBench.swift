import Logging
import OgiveCore
import OgiveTesting
import OgiveWire
import OgiveWorker
import ServiceLifecycle
import Testing

/// A worker's service, and a coordinator that says what the test tells it to.
struct WorkerBench {
    let network = FakeTransport()
    let worker = WorkerID(high: 1 << 63, low: 1)
    let models: FakeModels
    let configuration: WorkerConfiguration
    var hooks = WorkerHooks()
    private var incoming: BatchQueue<FromWorker>.AsyncIterator
    private var rest: ArraySlice<FromWorker> = []

    init(_ models: FakeModels, _ adjust: (inout WorkerConfiguration) -> Void = { _ in }) {
        self.models = models
        var configuration = WorkerConfiguration(name: "worker", version: "1")
        configuration.sampleConcurrency = 1
        configuration.scoreConcurrency = 1
        configuration.probeInterval = .milliseconds(5)
        adjust(&configuration)
        self.configuration = configuration
        incoming = network.coordinator.incoming.makeAsyncIterator()
    }

    /// Runs the service while `body` converses with it, then ends it; answers with its error.
    mutating func run(
        _ body: (inout WorkerBench, ServiceGroup) async throws -> Void
    ) async throws -> WorkerError? {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let service = WorkerService(
            configuration: configuration, transport: network.connect(worker), provider: models,
            time: .machine, logger: logger, hooks: hooks, split: { ResultSplitter().split($0) })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: service, successTerminationBehavior: .gracefullyShutdownGroup)
                ], logger: logger))
        async let ending = Self.ending(of: group)
        try await body(&self, group)
        return await ending
    }

    private static func ending(of group: ServiceGroup) async -> WorkerError? {
        do {
            try await group.run()
            return nil
        } catch {
            return error as? WorkerError
        }
    }

    /// The next message that `pick` wants; others are skipped.
    mutating func next<Value>(_ pick: (WorkerMessage) -> Value?) async throws -> Value {
        while true {
            while let message = rest.popFirst() {
                if let value = pick(message.message) { return value }
            }
            rest = try #require(await incoming.next())[...]
        }
    }

    mutating func nextResult() async throws -> TaskResult {
        try await next { if case .result(let result) = $0 { result } else { nil } }
    }

    mutating func nextOutages() async throws -> [EndpointOutage] {
        try await next {
            switch $0 {
            case .impaired(let outages): outages
            case .report(_, let outages): outages.isEmpty ? nil : outages
            default: nil
            }
        }
    }

    func say(_ message: CoordinatorMessage) async {
        _ = await network.coordinator.send([ToWorker(worker: worker, message: message)])
    }

    /// Waits for the hello, welcomes the worker and tells it the run.
    @discardableResult
    mutating func register() async throws -> Hello {
        let hello = try await next { if case .hello(let hello) = $0 { hello } else { nil } }
        await say(
            .welcome(
                // Nobody sends heartbeats here: a busy machine must not look like silence.
                Welcome(
                    term: Term(5), heartbeatInterval: .seconds(2), silenceMax: .seconds(3_600),
                    adopted: [])))
        await say(.serve(SimulatedModel.run(draws: 8)))
        return hello
    }

    func lease(
        _ task: UInt64, run: Int64 = 1, draws: Int32 = 2, texts: [String] = [],
        kind: ItemName.Kind = .candidate
    ) async {
        let items =
            texts.isEmpty
            ? (0..<draws).map { WorkItem(name: .draw($0)) }
            : texts.enumerated().map {
                WorkItem(name: ItemName(kind, Int32($0.offset)), text: $0.element)
            }
        await say(
            .lease(
                Lease(
                    name: LeaseName(term: Term(5), task: TaskID(task), epoch: Epoch(1)),
                    run: RunID(run), prompt: SimulatedModel.prompts(1)[0].prompt, seedBase: 14,
                    items: items, duration: .seconds(900), proof: .unproved)))
    }

    func acknowledge(_ result: TaskResult) async {
        await say(.acks([result.name]))
    }
}
