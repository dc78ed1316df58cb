internal import Metrics
internal import OgiveCore
internal import Synchronization

/// What a worker measures, as metrics. Requests are counted as they end; all else is looked at now
/// and then by `PipelineMeter`.
final class WorkerMetrics: Sendable {
    /// The worker's session as its slots see it.
    struct Intake: Hashable, Sendable {
        /// Whether a coordinator has it registered.
        var isRegistered = false
        /// Leases without results.
        var working = 0
        /// Leases whose results are not acknowledged.
        var unacknowledged = 0
        /// Since when the oldest of these waits.
        var oldest: TimePoint?
        /// When it worked last.
        var workedAt = TimePoint.zero
    }

    private let factory: any MetricsFactory
    private let registered: Meter
    private let working: Meter
    private let unacknowledged: Meter
    private let oldest: Meter
    private let slots: [SlotWait: FloatingPointCounter]
    private let intake = Mutex(Intake())

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        registered = Meter(label: Metric.isRegistered.name, factory: factory)
        working = Self.leases("working", factory)
        unacknowledged = Self.leases("unacknowledged", factory)
        oldest = Meter(label: Metric.unacknowledgedAge.name, factory: factory)
        slots = Dictionary(
            uniqueKeysWithValues: SlotWait.all.map { wait in
                let counter = FloatingPointCounter(
                    label: Metric.slotTime.name,
                    dimensions: [
                        ("stage", wait.stage.rawValue), ("waits_for", wait.side.rawValue),
                    ], factory: factory)
                return (wait, counter)
            })
    }

    private static func leases(_ state: String, _ factory: any MetricsFactory) -> Meter {
        Meter(label: Metric.workerLeases.name, dimensions: [("state", state)], factory: factory)
    }

    /// Takes note of how the session stands.
    func note(_ session: borrowing WorkerSession, now: TimePoint) {
        let (isRegistered, working) = (session.isRegistered, session.working)
        let (unacked, oldest) = (session.unacked, session.oldestUnacked)
        intake.withLock { intake in
            intake.isRegistered = isRegistered
            intake.working = working
            intake.unacknowledged = unacked
            intake.oldest = oldest
            if working + unacked > 0 { intake.workedAt = now }
        }
    }

    /// Publishes how the session stands, and answers with it.
    func publishIntake(now: TimePoint) -> Intake {
        let intake = intake.withLock { $0 }
        registered.set(Int64(intake.isRegistered ? 1 : 0))
        working.set(Int64(intake.working))
        unacknowledged.set(Int64(intake.unacknowledged))
        oldest.set(intake.oldest.map { (now - $0) / .seconds(1) } ?? 0)
        return intake
    }

    /// So many slots waited for something for a while.
    func note(_ waits: [SlotWait: Int], for duration: Duration) {
        for (wait, count) in waits where count > 0 {
            slots[wait]?.increment(by: Double(count) * (duration / .seconds(1)))
        }
    }

    /// The metrics of an endpoint. A password in its address is not shown.
    func endpoint(_ name: String, isPolicy: Bool) -> EndpointMetrics {
        EndpointMetrics(Secrets.hiding(in: name), isPolicy: isPolicy, factory)
    }
}

/// Says from time to time how a worker's session stands: to its metrics, and on `/readyz`.
struct SessionReport {
    /// How often.
    static let interval = Duration.milliseconds(100)

    let metrics: WorkerMetrics
    let readiness: Readiness
    private var last: TimePoint?

    init(metrics: WorkerMetrics, readiness: Readiness) {
        self.metrics = metrics
        self.readiness = readiness
    }

    /// Says it, if it is time.
    mutating func tell(_ session: borrowing WorkerSession, now: TimePoint) {
        guard last.map({ now - $0 >= Self.interval }) ?? true else { return }
        last = now
        metrics.note(session, now: now)
        let (isReady, state) =
            if session.isDraining { (false, "drains") } else if session.isRegistered {
                (true, "registered")
            } else { (false, "no coordinator answers") }
        readiness.note("coordinator", isReady: isReady, state)
    }
}

/// What is measured of one endpoint of a model.
struct EndpointMetrics: Sendable {
    /// What a request asks for.
    enum Kind: String, CaseIterable {
        case sample, score
        case logProbability = "logprob"

        /// What a request of this size asks a policy or a scorer for.
        init(_ request: RequestSize, isPolicy: Bool) {
            guard isPolicy else {
                self = .score
                return
            }
            // Only draws have a bound of tokens.
            self = request.tokensMax > 0 ? .sample : .logProbability
        }
    }

    /// What became of a request.
    private enum Outcome: String, CaseIterable {
        /// The server answered, though perhaps by refusing the item.
        case answered
        /// It failed in a way that may pass.
        case failed
        /// The server cannot be had, or asks for fewer requests.
        case away

        init(_ verdict: CircuitBreaker.Verdict) {
            self =
                switch verdict {
                case .answered: .answered
                case .failed: .failed
                case .away: .away
                }
        }
    }

    /// What is measured of requests of one kind.
    private struct Requests {
        let duration: Timer
        let answered: Metrics.Counter
        let failed: Metrics.Counter
        let away: Metrics.Counter

        init(_ kind: Kind, of name: String, _ factory: any MetricsFactory) {
            let labels = [("endpoint", name), ("kind", kind.rawValue)]
            func counter(_ outcome: Outcome) -> Metrics.Counter {
                Metrics.Counter(
                    label: Metric.requests.name,
                    dimensions: labels + [("outcome", outcome.rawValue)], factory: factory)
            }
            duration = Timer(
                label: Metric.requestDuration.name, dimensions: labels, factory: factory)
            (answered, failed, away) = (counter(.answered), counter(.failed), counter(.away))
        }

        func counter(of outcome: Outcome) -> Metrics.Counter {
            switch outcome {
            case .answered: answered
            case .failed: failed
            case .away: away
            }
        }
    }

    private let isPolicy: Bool
    /// What makes most requests: a sample of a policy, a score of a scorer.
    private let requests: Requests
    /// Those for log-probabilities; of a policy.
    private let logProbabilities: Requests?
    private let inFlight: Meter
    private let limit: Meter
    private let breaker: [String: Meter]

    fileprivate init(_ name: String, isPolicy: Bool, _ factory: any MetricsFactory) {
        self.isPolicy = isPolicy
        requests = Requests(isPolicy ? .sample : .score, of: name, factory)
        logProbabilities = isPolicy ? Requests(.logProbability, of: name, factory) : nil
        let labels = [("endpoint", name), ("side", isPolicy ? "policy" : "scorer")]
        inFlight = Meter(
            label: Metric.requestsInFlight.name, dimensions: labels, factory: factory)
        limit = Meter(label: Metric.requestsLimit.name, dimensions: labels, factory: factory)
        breaker = Dictionary(
            uniqueKeysWithValues: CircuitBreaker.State.names.map { state in
                let meter = Meter(
                    label: Metric.breakerState.name, dimensions: labels + [("state", state)],
                    factory: factory)
                return (state, meter)
            })
    }

    /// A request ended.
    func note(
        _ request: RequestSize, _ verdict: CircuitBreaker.Verdict, after duration: Duration
    ) {
        let isUsual = Kind(request, isPolicy: isPolicy) != .logProbability
        let requests = isUsual ? requests : logProbabilities ?? requests
        requests.duration.record(duration: duration)
        requests.counter(of: Outcome(verdict)).increment()
    }

    /// Publishes how the endpoint stands.
    func publish(_ load: EndpointLoad) {
        inFlight.set(load.inFlight)
        limit.set(load.limit)
        for (state, meter) in breaker { meter.set(load.breaker.name == state ? 1 : 0) }
    }
}

/// How an endpoint stands.
struct EndpointLoad: Hashable, Sendable {
    /// Requests under way.
    let inFlight: Int
    /// Most requests at once.
    let limit: Int
    /// Whether requests pass.
    let breaker: CircuitBreaker.State
}

extension CircuitBreaker.State {
    /// The names of all states.
    static let names = ["closed", "open", "half_open"]

    /// The name of the state.
    var name: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "half_open"
        }
    }
}
