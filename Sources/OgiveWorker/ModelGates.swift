internal import Logging
internal import OgiveCore
internal import Synchronization

/// The gates of a worker's models, with their endpoints, made when a model is first asked for.
final class ModelGates: Sendable {
    /// A gate, and how its endpoints are looked at.
    struct Entry: Sendable {
        let name: String
        let kind: String
        let model: String
        let gate: ModelGate
        let isPolicy: Bool
        let endpoints: [Probe]
        /// Those of each endpoint.
        let metrics: [EndpointMetrics]
    }

    /// How an endpoint is looked at.
    struct Probe: Sendable {
        let name: String
        let fingerprint: @Sendable () async throws(ModelError) -> Fingerprint
        let load: (@Sendable () async -> ServerLoad?)?
    }

    /// A few: they are asked for by each request, and comparing is cheaper than hashing.
    private let entries = Mutex([Entry]())
    private let capacityChanges = Counter()
    private let breaker: CircuitBreaker
    private let configuration: WorkerConfiguration
    private let time: TimeSource
    private let metrics: WorkerMetrics
    private let logger: Logger

    init(
        configuration: WorkerConfiguration, time: TimeSource, metrics: WorkerMetrics,
        logger: Logger
    ) {
        var backOff = BackOff()
        backOff.first = configuration.probeInterval
        backOff.longest = configuration.probeInterval * WorkerConfiguration.probeIntervalsMax
        breaker = CircuitBreaker(backOff: backOff, waitMax: configuration.outageMax)
        self.configuration = configuration
        self.time = time
        self.metrics = metrics
        self.logger = logger
    }

    /// How often the capacity of a gate changed, or a gate was made.
    var changes: Int { capacityChanges.value }

    /// All gates there are.
    var all: [Entry] { entries.withLock { $0 } }

    /// Publishes how all endpoints stand.
    func publishLoads() {
        for entry in all {
            for (metrics, load) in zip(entry.metrics, entry.gate.loads) { metrics.publish(load) }
        }
    }

    /// The endpoints that get no requests.
    func outages(now: TimePoint) -> [EndpointOutage] {
        let outages = all.sorted { $0.name < $1.name }.flatMap { entry in
            entry.gate.outages.map { endpoint, outage in
                EndpointOutage(
                    model: entry.name, endpoint: endpoint, code: outage.error.code,
                    message: outage.error.message, lasting: max(.zero, now - outage.since))
            }
        }
        return Array(outages.prefix(EndpointOutage.most))
    }

    /// The gate of a policy with these endpoints.
    func gate(of policy: PolicySpec, _ served: [Served<any Policy>]) -> ModelGate {
        gate(
            policy.kind.rawValue, policy.model, isPolicy: true, configuration.sampleConcurrency
        ) {
            served.map { endpoint in
                (
                    endpoint.limits,
                    Probe(
                        name: endpoint.name, fingerprint: endpoint.model.fingerprint,
                        load: configuration.sampleConcurrency.isAuto ? endpoint.load : nil)
                )
            }
        }
    }

    /// The gate of a scorer with these endpoints.
    func gate(of scorer: ScorerSpec, _ served: [Served<any Scorer>]) -> ModelGate {
        gate(
            scorer.kind.name.rawValue, scorer.model, isPolicy: false, configuration.scoreConcurrency
        ) {
            served.map { endpoint in
                (
                    endpoint.limits,
                    Probe(
                        name: endpoint.name, fingerprint: endpoint.model.fingerprint,
                        load: configuration.scoreConcurrency.isAuto ? endpoint.load : nil)
                )
            }
        }
    }

    /// Requests that may be under way at once to all policies, or all scorers; `nil` before one
    /// was asked for.
    func capacity(isPolicy: Bool) -> Int? {
        var capacity: Int?
        for entry in all where entry.isPolicy == isPolicy {
            capacity = (capacity ?? 0) + entry.gate.capacity
        }
        return capacity
    }

    private func gate(
        _ kind: String, _ model: String, isPolicy: Bool, _ concurrency: Concurrency,
        _ endpoints: () -> [(limits: EndpointLimits, probe: Probe)]
    ) -> ModelGate {
        entries.withLock { entries in
            let entry = entries.first {
                $0.isPolicy == isPolicy && $0.model == model && $0.kind == kind
            }
            if let entry { return entry.gate }
            let name = "\(isPolicy ? "policy" : "scorer") \(kind) \(model)"
            let endpoints = endpoints()
            let now = time.now()
            let states = endpoints.map { limits, probe in
                EndpointState(
                    name: probe.name, limits: limits, breaker: breaker,
                    concurrency: concurrency.limit(of: limits, now: now), now: now)
            }
            let logger = logger
            let measures = endpoints.map { metrics.endpoint($0.probe.name, isPolicy: isPolicy) }
            let gate = ModelGate(
                EndpointPool(states), time: time, capacityChanges: capacityChanges,
                notice: { Self.log(logger, name, $0, $1) },
                observe: { measures[$0.endpoint].note($0.request, $1, after: $2) })
            capacityChanges.add()
            entries.append(
                Entry(
                    name: name, kind: kind, model: model, gate: gate, isPolicy: isPolicy,
                    endpoints: endpoints.map(\.probe), metrics: measures))
            return gate
        }
    }

    private static func log(
        _ logger: Logger, _ model: String, _ endpoint: String, _ outage: CircuitBreaker.Outage?
    ) {
        guard let outage else {
            logger.notice(
                "an endpoint is back", metadata: ["model": "\(model)", "endpoint": "\(endpoint)"])
            return
        }
        logger.warning(
            "an endpoint gets no requests for now",
            metadata: [
                "model": "\(model)", "endpoint": "\(endpoint)",
                "code": "\(outage.error.code.rawValue)",
                "reason": "\(outage.error.message)",
            ])
    }
}
