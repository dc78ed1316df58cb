internal import OgiveCore

/// One endpoint as the worker sees it: whether it is there, what it may be asked, what is under
/// way.
struct EndpointState: Sendable {
    /// Its address.
    let name: String
    var breaker: CircuitBreaker
    var concurrency: ConcurrencyLimit
    private var requests: RateLimit?
    private var tokens: RateLimit?
    private var requestsUnderWay = 0
    private var workUnderWay = 0

    init(
        name: String, limits: EndpointLimits, breaker: CircuitBreaker,
        concurrency: ConcurrencyLimit, now: TimePoint
    ) {
        self.name = name
        self.breaker = breaker
        self.concurrency = concurrency
        requests = limits.requestsPerMinute.map { RateLimit(perMinute: $0, now: now) }
        tokens = limits.tokensPerMinute.map { RateLimit(perMinute: $0, now: now) }
    }

    /// Most requests at once.
    var limit: Int { concurrency.limit }

    /// How it stands, for metrics.
    var endpointLoad: EndpointLoad {
        EndpointLoad(inFlight: requestsUnderWay, limit: limit, breaker: breaker.state)
    }

    /// Work under way in relation to what may be.
    var load: Double { Double(workUnderWay) / Double(limit) }

    /// Whether breaker and limit let a request pass.
    var hasRoom: Bool { breaker.admits && requestsUnderWay < limit }

    /// How long its rates make a request wait.
    mutating func wait(for request: RequestSize, tokens cost: Double, now: TimePoint) -> Duration {
        max(
            requests?.wait(for: Double(request.requests), now: now) ?? .zero,
            tokens?.wait(for: cost, now: now) ?? .zero)
    }

    mutating func begin(_ request: RequestSize, tokens cost: Double, now: TimePoint)
        -> CircuitBreaker.Pass?
    {
        guard let leave = breaker.admit() else { return nil }
        requests?.spend(Double(request.requests))
        tokens?.spend(cost)
        requestsUnderWay += 1
        workUnderWay += request.work
        concurrency.begin(now: now)
        return leave
    }

    mutating func end(
        _ pass: EndpointPool.Pass, _ verdict: CircuitBreaker.Verdict, _ answer: RequestAnswer,
        correction: Double, now: TimePoint, random: Double
    ) {
        leave(pass)
        tokens?.spend(correction)
        breaker.report(pass.leave, verdict, now: now, random: random)
        switch verdict {
        case .answered: concurrency.end(work: answer.work, began: pass.began, now: now)
        case .failed(let error) where error.code == .timeout:
            concurrency.backOff(began: pass.began, now: now)
        case .away(let error) where error.code == .overloaded:
            concurrency.backOff(began: pass.began, now: now)
        case .failed, .away: concurrency.abandon(now: now)
        }
    }

    mutating func abandon(_ pass: EndpointPool.Pass, now: TimePoint) {
        leave(pass)
        breaker.abandon(pass.leave)
        tokens?.spend(-pass.tokens)
        requests?.spend(-Double(pass.request.requests))
        concurrency.abandon(now: now)
    }

    private mutating func leave(_ pass: EndpointPool.Pass) {
        requestsUnderWay -= 1
        workUnderWay -= pass.request.work
    }
}

/// Bounds a rate: what is spent comes back evenly over time, up to a small store (a token bucket).
/// Pure: time is passed in.
///
/// A tenth of a minute's allowance can be saved up, so within any minute at most 1.1 times of it
/// is spent. What costs more than that passes when the store is full, and leaves a debt.
struct RateLimit: Hashable, Sendable {
    /// How much of a minute's allowance can be saved up.
    static let storedShare = 0.1

    /// The longest wait in seconds; then the level is looked at again.
    private static let waitMax = 3_600.0

    private let perSecond: Double
    private let capacity: Double
    private var level: Double
    private var filledAt: TimePoint

    /// Begins with a full store.
    init(perMinute: Double, now: TimePoint) {
        perSecond = perMinute / 60
        capacity = max(1, perMinute * Self.storedShare)
        level = capacity
        filledAt = now
    }

    /// How long to wait before `cost` may be spent; zero when that is now.
    mutating func wait(for cost: Double, now: TimePoint) -> Duration {
        level = min(capacity, level + max(0, (now - filledAt) / .seconds(1)) * perSecond)
        filledAt = now
        let missing = min(cost, capacity) - level
        // Rounding must not ask for a wait that changes nothing.
        if missing <= 1e-9 { return .zero }
        // A rate of nearly nothing would ask for more than a `Duration` holds.
        return max(.milliseconds(1), .seconds(min(missing / perSecond, Self.waitMax)))
    }

    /// Spends; a negative cost gives back what was spent too much.
    mutating func spend(_ cost: Double) {
        level = min(capacity, level - cost)
    }
}
