internal import Postgres

/// What a run has spent, and what the whole of it will be.
package struct RunSpending: Hashable, Sendable {
    /// Tokens of policy and scorer, where the servers tell.
    package let tokens: Int
    /// Their cost; `nil` without prices.
    package let cost: Double?
    /// Tokens of the whole run, if what is pending takes as many as what has landed; `nil` while
    /// nothing has.
    package let estimatedTokens: Int?
    /// The same as a cost.
    package let estimatedCost: Double?
    /// Tokens that it may spend.
    package let budgetTokens: Int?
    /// What it may cost.
    package let budgetCost: Double?

    /// Whether there is a budget.
    package var hasBudget: Bool { budgetTokens != nil || budgetCost != nil }

    init(_ row: PostgresRow) throws(PostgresError) {
        tokens = try row.decode("spent_tokens")
        cost = try row.decode("cost", as: Double?.self)
        estimatedTokens = try row.decode("estimated_tokens", as: Int?.self)
        estimatedCost = try row.decode("estimated_cost", as: Double?.self)
        budgetTokens = try row.decode("budget_tokens", as: Int?.self)
        budgetCost = try row.decode("budget_cost", as: Double?.self)
    }
}
