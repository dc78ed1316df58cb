/// How far a run is at one moment.
struct ProgressSnapshot: Hashable, Sendable {
    /// Draws that have landed with a reward, or have a failure.
    var done: Int
    /// Draws there are.
    var total: Int
    /// Tokens of the draws that landed.
    var tokens: Int
    /// Draws with a failure.
    var failures: Int
    /// What was spent; `nil` without prices.
    var cost: Double?
    /// What the whole run will cost.
    var estimatedCost: Double?

    /// Joins the counts.
    init(
        done: Int, total: Int, tokens: Int = 0, failures: Int = 0, cost: Double? = nil,
        estimatedCost: Double? = nil
    ) {
        self.done = done
        self.total = total
        self.tokens = tokens
        self.failures = failures
        self.cost = cost
        self.estimatedCost = estimatedCost
    }

    /// The share that is done, 0…1.
    var fraction: Double {
        total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
    }
}
