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
    package var content: CompletionText
    /// Number of tokens, the end token included; `nil` when the server does not report it.
    package var tokenCount: Int?
    /// Why it ended.
    package var finishReason: FinishReason
    /// log π_ref(y|x): the sum of the tokens' log-probabilities at temperature 1, in nats; `nil`
    /// when the server does not report it, or what it reports is known to be wrong.
    package var logProbability: Double?
    /// Tokens of the prompt, at one draw of each request: a server reads it once for all of them.
    package var promptTokenCount: Int?
    /// The sampled tokens, when asked for and reported.
    package var tokenIDs: [Int32]?
    /// Their log-probabilities, in the same order, when asked for.
    package var tokenLogProbabilities: [Double]?

    /// Joins the parts.
    package init(
        text: String, tokenCount: Int?, finishReason: FinishReason, logProbability: Double?
    ) {
        content = CompletionText(text)
        self.tokenCount = tokenCount
        self.finishReason = finishReason
        self.logProbability = logProbability
    }

    /// A completion of which only this is known.
    package init(content: CompletionText, finishReason: FinishReason) {
        self.content = content
        self.finishReason = finishReason
    }

    /// The text as a string, which is made each time of one that came in a message.
    package var text: String {
        get { content.string }
        set { content = CompletionText(newValue) }
    }

    /// Whether the limit cut it off.
    package var isTruncated: Bool { finishReason == .length }
}

extension Completion {
    /// The columns of a draw that follow from its completion, but for the text.
    package static let columns: [StoredColumn<Completion>] = [
        StoredColumn("token_count") { StoredValue.tokens($0.tokenCount) },
        StoredColumn("finish_reason") { StoredValue.text($0.finishReason.rawValue) },
        // An error is never a number: what is not finite is not known.
        StoredColumn("log_probability") {
            $0.logProbability.flatMap { $0.isFinite ? StoredValue.double($0) : nil }
        },
        StoredColumn("token_ids") {
            $0.hasFiniteTokens ? $0.tokenIDs.map { StoredValue.integers($0) } : nil
        },
        StoredColumn("token_log_probabilities") {
            guard $0.hasFiniteTokens else { return nil }
            return $0.tokenLogProbabilities.map { StoredValue.reals($0.map { Float($0) }) }
        },
    ]

    private var hasFiniteTokens: Bool {
        tokenLogProbabilities?.allSatisfy(\.isFinite) ?? true
    }
}

/// log π_ref(y|x) of a completion that is given, under the policy, in nats at temperature 1.
package struct LogProbability: Hashable, Sendable {
    /// The sum over the completion's tokens, the end token included; finite.
    package var sum: Double
    /// Number of tokens, the end token included.
    package var tokenCount: Int
    /// The tokens, when asked for and reported.
    package var tokenIDs: [Int32]?
    /// Their log-probabilities, in the same order.
    package var tokenValues: [Double]?
    /// Tokens that it took, where the server reports them: its part of those of its request.
    package var spent: TokenCount?

    /// Joins the parts.
    package init(
        sum: Double, tokenCount: Int, tokenIDs: [Int32]? = nil, tokenValues: [Double]? = nil
    ) {
        self.sum = sum
        self.tokenCount = tokenCount
        self.tokenIDs = tokenIDs
        self.tokenValues = tokenValues
    }

    /// Whether it can be one.
    package var isValid: Bool { fault == nil }
}

/// Which numbers can be log-probabilities, in nats.
package enum PossibleLogProbability {
    /// How far above 0 that of a token may be by rounding.
    package static let roundingMax = 1e-3
    /// No sampled token has so small a probability: servers write such numbers for −∞ (vLLM −9999,
    /// llama.cpp the least 32-bit number).
    private static let least = -1_000.0
    /// How far above 0 that of a text may be by rounding, whatever number of tokens is reported.
    private static let roundingOfSumMax = 1.0
    /// Most tokens of a text.
    package static let tokensMax = 1 << 20

    /// Whether a number can be the log-probability of a token that was sampled, or of one that the
    /// model could sample.
    package static func isPossible(ofToken value: Double) -> Bool {
        value > least && value <= roundingMax
    }

    /// What is wrong with the log-probability of a text and those of its tokens, in words; `nil`
    /// when nothing is. Numbers that are not reported are `nil`.
    static func fault(sum: Double?, tokens: Int?, ids: [Int32]?, values: [Double]?) -> String? {
        if let sum {
            let count = Double(max(1, tokens ?? values?.count ?? ids?.count ?? tokensMax))
            guard sum.isFinite, sum <= min(roundingMax * count, roundingOfSumMax),
                sum >= least * Double(tokensMax)
            else { return "its log-probability is \(sum)" }
        }
        if let tokens, tokens < 0 || tokens > tokensMax { return "it has \(tokens) tokens" }
        if let values {
            if let odd = values.first(where: { !isPossible(ofToken: $0) }) {
                return "the log-probability of a token is \(odd)"
            }
            // Each number that is reported: the database refuses lists of two lengths.
            for count in [tokens, ids?.count].compactMap(\.self) where count != values.count {
                return "it has \(count) tokens and \(values.count) log-probabilities of tokens"
            }
        }
        return nil
    }
}

extension LogProbability {
    /// What cannot be so about it; `nil` when all is well.
    var fault: String? {
        PossibleLogProbability.fault(
            sum: sum, tokens: tokenCount, ids: tokenIDs, values: tokenValues)
    }
}
