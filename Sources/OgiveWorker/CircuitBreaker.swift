internal import OgiveCore

/// Decides whether requests go out to a server: the one place that knows of retries' share, of
/// outages and of how a server is tried again. Pure: time and chance are passed in.
///
/// Closed, all requests pass. It opens when the server cannot be had (`concernsEndpoint`) or when
/// the retry budget is spent; then none pass. After a wait that doubles with each opening, and once
/// a probe has found the server, it is half open: one request passes, on trial. Its answer closes
/// the breaker, its failure opens it anew.
struct CircuitBreaker: Sendable {
    /// Whether requests pass.
    enum State: Hashable, Sendable {
        /// All do.
        case closed
        /// None does, until a probe after this time succeeds.
        case open(until: TimePoint)
        /// One does; `isTried` says whether it is on its way.
        case halfOpen(isTried: Bool)
    }

    /// Leave for one request.
    enum Pass: Hashable, Sendable {
        /// One of many.
        case normal
        /// The one that decides about the half-open breaker.
        case trial
    }

    /// What became of a request.
    enum Verdict: Sendable {
        /// The server answered, though perhaps by refusing the item.
        case answered
        /// It failed in a way that may pass: 5xx, broken off, late.
        case failed(ModelError)
        /// The server cannot be had: away, or asking for fewer requests.
        case away(ModelError)
    }

    /// The fault that opened the breaker, and since when no request has been answered.
    struct Outage: Sendable {
        let error: ModelError
        let since: TimePoint
    }

    /// Whether requests pass.
    private(set) var state = State.closed
    /// Why they do not; `nil` while the breaker is closed.
    private(set) var outage: Outage?
    /// When a request was answered last.
    private(set) var lastAnswer: TimePoint?

    private var budget = RetryBudget()
    private var openings = 0
    private let backOff: BackOff
    private let waitMax: Duration

    /// Waits by `backOff` between openings, or for as long as a server asks, up to `waitMax`.
    init(backOff: BackOff, waitMax: Duration) {
        self.backOff = backOff
        self.waitMax = waitMax
    }

    /// Whether a request would pass now.
    var admits: Bool { state == .closed || state == .halfOpen(isTried: false) }

    /// Leave for a request now; `nil` when it has to wait.
    mutating func admit() -> Pass? {
        switch state {
        case .closed: return .normal
        case .open, .halfOpen(isTried: true): return nil
        case .halfOpen(isTried: false):
            state = .halfOpen(isTried: true)
            return .trial
        }
    }

    /// Takes in what became of a request.
    mutating func report(_ pass: Pass, _ verdict: Verdict, now: TimePoint, random: Double) {
        switch verdict {
        case .answered:
            lastAnswer = now
            budget.giveForAnswer()
            if budget.isFull { openings = 0 }
            if pass == .trial { close() }
        case .failed(let error):
            budget.takeForFailure()
            if pass == .trial || state == .closed && budget.isSpent {
                open(error, now: now, random: random)
            }
        case .away(let error):
            if pass == .trial || state == .closed {
                open(error, now: now, random: random)
            } else if case .open(let until) = state {
                state = .open(until: max(until, now + wish(error)))
            }
        }
    }

    /// The request on trial is not made after all.
    mutating func abandon(_ pass: Pass) {
        if pass == .trial { state = .halfOpen(isTried: false) }
    }

    /// Whether the time has come to look for the server.
    func isDue(now: TimePoint) -> Bool {
        if case .open(let until) = state { now >= until } else { false }
    }

    /// A probe found the server: the next request is on trial.
    mutating func probeSucceeded() {
        if case .open = state { state = .halfOpen(isTried: false) }
    }

    /// A probe found a server that cannot be used: the reason of the outage is that from now on.
    mutating func probeFailed(_ error: ModelError) {
        if let outage { self.outage = Outage(error: error, since: outage.since) }
    }

    /// Lets everything pass again.
    mutating func close() {
        state = .closed
        outage = nil
        budget.reopen()
    }

    private mutating func open(_ error: ModelError, now: TimePoint, random: Double) {
        openings += 1
        let wait = backOff.delay(afterFailures: openings, random: random)
        state = .open(until: now + max(wait, wish(error)))
        outage = Outage(error: error, since: outage?.since ?? now)
    }

    /// How long the server asks to be left alone, within the bound.
    private func wish(_ error: ModelError) -> Duration {
        min(error.retryAfter ?? .zero, waitMax)
    }
}

/// Bounds the share of requests to one server that fail and are tried again: a bucket of tokens.
///
/// A failed request takes a token and an answered one gives back a part of one; the budget is
/// spent while half of the bucket or less is left. This is gRPC's retry throttling (gRFC A6,
/// "Throttling Retry Attempts and Hedged RPCs": maxTokens, tokenRatio).
struct RetryBudget: Hashable, Sendable {
    /// Tokens of a full bucket: half as many failures are allowed in a row.
    static let tokensMax = 20.0
    /// Tokens that an answered request gives back: one failure in ten requests is sustained.
    static let tokensPerAnswer = 0.1
    /// Failures that are allowed at once after an outage.
    static let failuresAfterOutage = 3.0

    private var tokens = Self.tokensMax

    /// Begins with a full bucket.
    init() {}

    /// Whether too large a share of the requests failed.
    var isSpent: Bool { tokens <= Self.tokensMax / 2 }

    /// Whether nothing failed for long.
    var isFull: Bool { tokens == Self.tokensMax }

    /// A request failed.
    mutating func takeForFailure() {
        tokens = max(0, tokens - 1)
    }

    /// A request was answered.
    mutating func giveForAnswer() {
        tokens = min(Self.tokensMax, tokens + Self.tokensPerAnswer)
    }

    /// The server is back: a few failures do not count as another outage at once.
    mutating func reopen() {
        tokens = max(tokens, Self.tokensMax / 2 + Self.failuresAfterOutage)
    }
}
