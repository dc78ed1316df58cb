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
