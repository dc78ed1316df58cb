/// What a million tokens cost, in any currency.
package struct TokenPrice: Hashable, Sendable, Codable {
    /// Of a million tokens that are read.
    package var input: Double
    /// Of a million tokens that are written.
    package var output: Double

    /// Joins both.
    package init(input: Double, output: Double) {
        self.input = input
        self.output = output
    }

    /// What tokens cost.
    package func cost(of tokens: TokenCount) -> Double {
        (Double(tokens.input) * input + Double(tokens.output) * output) / 1_000_000
    }

    var isValid: Bool { input >= 0 && output >= 0 && input.isFinite && output.isFinite }
}

/// What tokens cost. Prices are no part of any identity: they may change while a run goes on.
package struct Prices: Hashable, Sendable, Codable {
    /// Of the policy; `nil` costs nothing.
    package var policy: TokenPrice?
    /// Of the scorer; `nil` costs nothing.
    package var scorer: TokenPrice?

    /// Joins both.
    package init(policy: TokenPrice? = nil, scorer: TokenPrice? = nil) {
        self.policy = policy
        self.scorer = scorer
    }

    /// What was spent.
    package func cost(of spent: Spending) -> Double {
        (policy?.cost(of: spent.policy) ?? 0) + (scorer?.cost(of: spent.scorer) ?? 0)
    }
}

/// What a run may spend: when it is spent, no further prompt is begun.
package struct Budget: Hashable, Sendable, Codable {
    /// In the currency of the prices.
    package var cost: Double?
    /// Tokens of policy and scorer, read and written.
    package var tokens: Int?

    /// Joins both.
    package init(cost: Double? = nil, tokens: Int? = nil) {
        self.cost = cost
        self.tokens = tokens
    }

    /// Whether it is spent.
    package func isSpent(_ spent: Spending, _ prices: Prices?) -> Bool {
        if let tokens, spent.tokens >= tokens { return true }
        if let cost, (prices ?? Prices()).cost(of: spent) >= cost { return true }
        return false
    }
}

extension RunSpec {
    /// Whether what was spent exhausts the budget.
    package func isExhausted(by spent: Spending) -> Bool {
        budget?.isSpent(spent, prices) ?? false
    }

    /// What is wrong with prices or budget, as a sentence that names the key.
    var spendingProblem: String? {
        if prices?.policy?.isValid == false || prices?.scorer?.isValid == false {
            return "price_per_million_tokens must be at least 0"
        }
        if let tokens = budget?.tokens, tokens < 1 { return "budget.tokens must be at least 1" }
        if let cost = budget?.cost {
            if !(cost > 0 && cost.isFinite) { return "budget.cost must be more than 0" }
            if prices == nil { return "budget.cost needs a price_per_million_tokens" }
        }
        return nil
    }
}

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
