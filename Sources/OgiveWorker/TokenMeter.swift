internal import OgiveCore

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
