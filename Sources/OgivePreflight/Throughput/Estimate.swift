package import OgiveCore

/// What a whole run will take, from a burst.
package struct Estimate: Hashable, Sendable {
    /// Draws still to be made.
    package var draws: Int
    /// Time for them; `nil` when nothing came of the burst.
    package var time: Duration?
    /// Tokens of the policy; `nil` when its server does not report it.
    package var tokens: TokenCount?
    /// Tokens of the scorer, as far as its server reports them.
    package var scorerTokens = TokenCount()
    /// Their cost; `nil` without prices.
    package var cost: Double?
    /// Bytes in the database.
    package var bytes: Int

    /// Bytes of a draw beside its text: row, index entries, its share of the table.
    package static let bytesPerDraw = 220

    /// Scales a burst up to `draws`.
    package init(
        draws: Int, sampling: ThroughputProbe.Burst, scoring: ThroughputProbe.Burst,
        prices: Prices?
    ) {
        self.draws = draws
        let share = sampling.count > 0 ? Double(draws) / Double(sampling.count) : 0
        // Sampling and scoring go on side by side: the slower one decides.
        let rates = [sampling.perSecond, scoring.perSecond].compactMap(\.self)
        time = sampling.count > 0 ? rates.min().map { .seconds(Double(draws) / $0) } : nil
        if sampling.tokens.total > 0 {
            let scaled = sampling.tokens.scaled(by: share)
            tokens = scaled
            let scores = scoring.count > 0 ? Double(draws) / Double(scoring.count) : 0
            let scored = scoring.tokens.scaled(by: scores)
            scorerTokens = scored
            cost = prices.map { $0.cost(of: Spending(policy: scaled, scorer: scored)) }
        }
        bytes = Int(scaling: sampling.bytes, by: share)
            .saturating(adding: draws * Self.bytesPerDraw)
    }

    /// Draws with their rewards in a second; `nil` when nothing came of the burst.
    package var drawsPerSecond: Double? {
        time.flatMap { $0 > .zero ? Double(draws) / ($0 / .seconds(1)) : nil }
    }

    /// Whether a budget can be kept, and suffices, as far as the servers report them.
    package func budgetFindings(_ spec: RunSpec) -> [Finding] {
        guard let budget = spec.budget else { return [] }
        let key = "run.budget"
        guard let tokens else {
            return [
                Finding(
                    .error, .budget, at: key,
                    "cannot be kept: the policy's server does not report how many tokens it takes",
                    advice: "take the budget out, or serve the policy by one that reports them")
            ]
        }
        let isShort =
            budget.tokens.map { tokens.total + scorerTokens.total > $0 } ?? false
            || zip2(budget.cost, cost).map { $0 < $1 } ?? false
        return [
            isShort
                ? Finding(
                    .warning, .budget, at: key,
                    "is less than the whole run will take: it stops before all prompts have "
                        + "their draws",
                    advice: "nothing, if that is meant; else raise the budget or lower `run.draws`")
                : Finding(
                    .ok, .budget, at: key,
                    scorerTokens.total > 0
                        ? "suffices for the tokens of policy and scorer"
                        : "suffices for the policy's tokens")
        ]
    }

    private func zip2<First, Second>(_ first: First?, _ second: Second?) -> (First, Second)? {
        guard let first, let second else { return nil }
        return (first, second)
    }
}

extension TokenCount {
    fileprivate func scaled(by factor: Double) -> TokenCount {
        TokenCount(
            input: Int(scaling: input, by: factor), output: Int(scaling: output, by: factor))
    }
}

extension Int {
    /// A count scaled up, or the largest number where it would not fit.
    fileprivate init(scaling count: Int, by factor: Double) {
        self = Int(exactly: (Double(count) * factor).rounded(.towardZero)) ?? .max
    }
}
