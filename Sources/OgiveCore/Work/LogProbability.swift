/// log π_ref(y|x) of a completion that is given, under the policy, in nats at temperature 1.
package struct LogProbability: Hashable, Sendable {
    /// The sum over the completion's tokens, the end token included; finite.
    package var sum: Double
    /// Number of tokens, the end token included.
    package var tokenCount: Int
    /// The tokens, when asked for and told.
    package var tokenIDs: [Int32]?
    /// Their log-probabilities, in the same order.
    package var tokenValues: [Double]?
    /// Tokens that it took, where the server tells: its part of those of its request.
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
