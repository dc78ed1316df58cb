/// Which numbers can be log-probabilities, in nats.
package enum PossibleLogProbability {
    /// How far above 0 that of a token may be by rounding.
    package static let roundingMax = 1e-3
    /// No sampled token has so small a probability: servers write such numbers for −∞ (vLLM −9999,
    /// llama.cpp the least 32-bit number).
    private static let least = -1_000.0
    /// How far above 0 that of a text may be by rounding, whatever number of tokens is told.
    private static let roundingOfSumMax = 1.0
    /// Most tokens of a text.
    package static let tokensMax = 1 << 20

    /// Whether a number can be the log-probability of a token that was sampled, or of one that the
    /// model could sample.
    package static func isPossible(ofToken value: Double) -> Bool {
        value > least && value <= roundingMax
    }

    /// What is wrong with the log-probability of a text and those of its tokens, in words; `nil`
    /// when nothing is. Numbers that are not told are `nil`.
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
            // Each number that is told: the database refuses lists of two lengths.
            for count in [tokens, ids?.count].compactMap(\.self) where count != values.count {
                return "it has \(count) tokens and \(values.count) log-probabilities of tokens"
            }
        }
        return nil
    }
}

extension Completion {
    /// What cannot be so about its log-probabilities; `nil` when all is well.
    var fault: String? {
        PossibleLogProbability.fault(
            sum: logProbability, tokens: tokenCount, ids: tokenIDs, values: tokenLogProbabilities)
    }
}

extension LogProbability {
    /// What cannot be so about it; `nil` when all is well.
    var fault: String? {
        PossibleLogProbability.fault(
            sum: sum, tokens: tokenCount, ids: tokenIDs, values: tokenValues)
    }
}
