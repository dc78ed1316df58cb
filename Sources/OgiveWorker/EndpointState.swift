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
        concurrency: ConcurrencyLimit, now: Instant
    ) {
        self.name = name
        self.breaker = breaker
        self.concurrency = concurrency
        requests = limits.requestsPerMinute.map { RateLimit(perMinute: $0, now: now) }
        tokens = limits.tokensPerMinute.map { RateLimit(perMinute: $0, now: now) }
    }

    /// Most requests at once.
    var limit: Int { concurrency.limit }

    /// Work under way in relation to what may be.
    var load: Double { Double(workUnderWay) / Double(limit) }

    /// Whether breaker and limit let a request pass.
    var hasRoom: Bool { breaker.admits && requestsUnderWay < limit }

    /// How long its rates make a request wait.
    mutating func wait(for request: RequestSize, tokens cost: Double, now: Instant) -> Duration {
        max(
            requests?.wait(for: Double(request.requests), now: now) ?? .zero,
            tokens?.wait(for: cost, now: now) ?? .zero)
    }

    mutating func begin(_ request: RequestSize, tokens cost: Double, now: Instant)
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
        correction: Double, now: Instant, random: Double
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

    mutating func abandon(_ pass: EndpointPool.Pass, now: Instant) {
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
