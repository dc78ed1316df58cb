/// Tokens that a server read and wrote, as it says itself.
package struct TokenCount: Hashable, Sendable, Codable {
    /// Tokens of prompts, or of what was scored.
    package var input = 0
    /// Tokens of completions.
    package var output = 0

    /// Joins both.
    package init(input: Int = 0, output: Int = 0) {
        self.input = input
        self.output = output
    }

    /// Both together.
    package var total: Int { input.saturating(adding: output) }

    package static func + (left: TokenCount, right: TokenCount) -> TokenCount {
        TokenCount(
            input: left.input.saturating(adding: right.input),
            output: left.output.saturating(adding: right.output))
    }

    /// `count` parts that differ by one at most and add up to it exactly.
    package func split(among count: Int) -> [TokenCount] {
        (0..<max(0, count)).map { place in
            TokenCount(
                input: input / count + (place < input % count ? 1 : 0),
                output: output / count + (place < output % count ? 1 : 0))
        }
    }
}

/// Tokens that a run has spent, on what has landed.
package struct Spending: Hashable, Sendable, Codable {
    /// Of the policy.
    package var policy = TokenCount()
    /// Of the scorer.
    package var scorer = TokenCount()

    /// Joins both.
    package init(policy: TokenCount = TokenCount(), scorer: TokenCount = TokenCount()) {
        self.policy = policy
        self.scorer = scorer
    }

    /// All of them.
    package var tokens: Int { policy.total.saturating(adding: scorer.total) }

    /// Spending only grows: of two readings the later one, whichever came first.
    package func merged(_ other: Spending) -> Spending {
        func later(_ left: TokenCount, _ right: TokenCount) -> TokenCount {
            TokenCount(
                input: max(left.input, right.input), output: max(left.output, right.output))
        }
        return Spending(
            policy: later(policy, other.policy), scorer: later(scorer, other.scorer))
    }
}

extension FixedWidthInteger {
    /// The sum, or the bound that it would pass: counts from outside must not end the process.
    package func saturating(adding other: Self) -> Self {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }
}
