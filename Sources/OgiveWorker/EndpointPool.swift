internal import OgiveCore

/// Decides which endpoint of a model gets a request. Pure: time and chance are passed in.
///
/// It is the one with the least outstanding work (draws, or texts to be scored) relative to its
/// limit of concurrency, among those whose breaker, limit and rates let a request pass; ties go
/// round. Nothing depends on what an answer holds.
struct EndpointPool: Sendable {
    /// Leave for one request to one endpoint.
    struct Pass: Sendable {
        /// The endpoint's place in the list.
        let endpoint: Int
        let leave: CircuitBreaker.Pass
        let request: RequestSize
        /// Tokens that were debited.
        let tokens: Double
        let began: TimePoint
    }

    /// Whether a request may go now.
    enum Admission: Sendable {
        case pass(Pass)
        /// It has to wait: so long, or until something changes.
        case wait(Duration?)
    }

    /// The endpoints, in the order of the configuration.
    private(set) var endpoints: [EndpointState]
    private var meter = TokenMeter()
    private var next = 0

    init(_ endpoints: [EndpointState]) {
        precondition(!endpoints.isEmpty, "a model has an endpoint")
        self.endpoints = endpoints
    }

    /// Why no request passes anywhere, since the last endpoint went: a cause that may pass, if
    /// there is one; `nil` while an endpoint is left.
    var outage: CircuitBreaker.Outage? {
        let outages = endpoints.compactMap(\.breaker.outage)
        guard outages.count == endpoints.count, let since = outages.map(\.since).max(),
            let cause = outages.first(where: \.error.isRetriable) ?? outages.first
        else { return nil }
        return CircuitBreaker.Outage(error: cause.error, since: since)
    }

    /// Requests that may be under way at once.
    var capacity: Int {
        var (healthy, all) = (0, 0)
        for endpoint in endpoints {
            all += endpoint.limit
            if endpoint.breaker.outage == nil { healthy += endpoint.limit }
        }
        // A limit is never 0.
        return healthy > 0 ? healthy : all
    }

    /// Leave for a request now. `avoided` is an endpoint that failed it before: another one is
    /// preferred.
    mutating func admit(_ request: RequestSize, avoiding avoided: Int?, now: TimePoint) -> Admission
    {
        let tokens = meter.estimate(request)
        var shortest: Duration?
        var best: (index: Int, rank: Rank)?
        for offset in endpoints.indices {
            let index = (next + offset) % endpoints.count
            guard endpoints[index].hasRoom else { continue }
            let wait = endpoints[index].wait(for: request, tokens: tokens, now: now)
            guard wait == .zero else {
                shortest = min(shortest ?? wait, wait)
                continue
            }
            let rank = Rank(isAvoided: index == avoided, load: endpoints[index].load)
            if best.map({ rank < $0.rank }) ?? true { best = (index, rank) }
        }
        guard let index = best?.index,
            let leave = endpoints[index].begin(request, tokens: tokens, now: now)
        else { return .wait(shortest) }
        next = (index + 1) % endpoints.count
        return .pass(
            Pass(endpoint: index, leave: leave, request: request, tokens: tokens, began: now))
    }

    /// Takes in what became of a request.
    mutating func report(
        _ pass: Pass, _ verdict: CircuitBreaker.Verdict, _ answer: RequestAnswer, now: TimePoint,
        random: Double
    ) {
        meter.learn(pass.request, answer)
        let spent: Double =
            if case .away = verdict { 0 } else { meter.actual(pass.request, answer) ?? pass.tokens }
        endpoints[pass.endpoint].end(
            pass, verdict, answer, correction: spent - pass.tokens, now: now, random: random)
    }

    /// The request is not made after all.
    mutating func abandon(_ pass: Pass, now: TimePoint) {
        endpoints[pass.endpoint].abandon(pass, now: now)
    }

    /// Changes the breaker of an endpoint.
    mutating func change(_ index: Int, _ body: (inout CircuitBreaker) -> Void) {
        body(&endpoints[index].breaker)
    }

    /// Takes in how busy a server says it is.
    mutating func note(_ load: ServerLoad, of index: Int) {
        endpoints[index].concurrency.note(load)
    }

    /// What endpoints are compared by.
    private struct Rank: Comparable {
        let isAvoided: Bool
        let load: Double

        static func < (left: Rank, right: Rank) -> Bool {
            left.isAvoided == right.isAvoided
                ? left.load < right.load : !left.isAvoided
        }
    }
}

/// What a request asks of an endpoint, as far as it is known before.
struct RequestSize: Hashable, Sendable {
    /// Draws, or texts to be scored.
    var work: Int
    /// Requests to the server that it takes.
    var requests = 1
    /// Tokens of what is sent, by estimate.
    var inputTokens = 0.0
    /// Most tokens of each draw; 0 for scorers.
    var tokensMax = 0

    /// About so many tokens has a text: 4 bytes each.
    static func tokens(ofBytes bytes: Int) -> Double { Double(bytes) / 4 }
}

/// What an answer says of the work that was done.
struct RequestAnswer: Hashable, Sendable {
    /// Items that came.
    var items = 0
    /// The tokens of these items, if each says its own.
    var tokens: Int?

    /// Work done, for the throughput: in tokens where they are known, because their rate varies
    /// less than that of completions, which are short or long.
    var work: Double { Double(tokens ?? items) }
}

/// Estimates the tokens of requests: until answers came a draw counts as long as it may be, then
/// as the mean of the latest ones.
struct TokenMeter: Hashable, Sendable {
    /// How much the latest answer counts in the mean.
    static let share = 0.1

    private var tokensPerDraw: Double?

    init() {}

    /// Tokens that a request is expected to take.
    func estimate(_ request: RequestSize) -> Double {
        guard request.tokensMax > 0 else { return request.inputTokens }
        let mean = min(tokensPerDraw ?? .infinity, Double(request.tokensMax))
        return request.inputTokens + mean * Double(request.work)
    }

    /// Tokens that it took; `nil` when its answer does not say that of all of it.
    func actual(_ request: RequestSize, _ answer: RequestAnswer) -> Double? {
        guard let tokens = answer.tokens, answer.items == request.work else { return nil }
        return request.inputTokens + Double(tokens)
    }

    /// Takes in an answer.
    mutating func learn(_ request: RequestSize, _ answer: RequestAnswer) {
        guard request.tokensMax > 0, let tokens = answer.tokens, answer.items > 0 else { return }
        let mean = Double(tokens) / Double(answer.items)
        tokensPerDraw = tokensPerDraw.map { $0 + Self.share * (mean - $0) } ?? mean
    }
}
