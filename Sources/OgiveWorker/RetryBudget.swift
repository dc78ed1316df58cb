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
