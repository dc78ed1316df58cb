/// Why a completion ended.
package enum FinishReason: String, Sendable, Codable, CaseIterable {
    /// The model ended it, or a stop text did.
    case stop
    /// `max_tokens` or the context ended it: the completion is kept and flagged as truncated.
    case length
    /// Another reason of the server's, such as its own check for repetitions: kept and flagged.
    case other
}

/// A completion exactly as sampled: never stripped, never cut.
package struct Completion: Hashable, Sendable {
    /// The text, byte for byte what the scorer sees.
    package var text: String
    /// Number of tokens, the end token included; `nil` when the server does not tell.
    package var tokenCount: Int?
    /// Why it ended.
    package var finishReason: FinishReason
    /// log π_ref(y|x): the sum of the tokens' log-probabilities at temperature 1, in nats; `nil`
    /// when the server does not tell, or what it tells is known to be wrong.
    package var logProbability: Double?
    /// Tokens of the prompt, at one draw of each request: a server reads it once for all of them.
    package var promptTokenCount: Int?
    /// The sampled tokens, when asked for and told.
    package var tokenIDs: [Int32]?
    /// Their log-probabilities, in the same order, when asked for.
    package var tokenLogProbabilities: [Double]?

    /// Joins the parts.
    package init(
        text: String, tokenCount: Int?, finishReason: FinishReason, logProbability: Double?
    ) {
        self.text = text
        self.tokenCount = tokenCount
        self.finishReason = finishReason
        self.logProbability = logProbability
    }

    /// Whether the limit cut it off.
    package var isTruncated: Bool { finishReason == .length }
}
