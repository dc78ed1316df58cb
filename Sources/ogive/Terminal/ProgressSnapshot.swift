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
    /// Rewards and log-probabilities of candidates that have landed, or have a failure.
    var candidatesDone = 0
    /// Rewards and log-probabilities of candidates there are.
    var candidatesTotal = 0
    /// Rewards and log-probabilities of candidates with a failure.
    var candidateFailures = 0
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

    /// All that is done.
    var itemsDone: Int { done + candidatesDone }
    /// All there is to be done.
    var itemsTotal: Int { total + candidatesTotal }

    /// The share that is done, 0…1.
    var fraction: Double {
        itemsTotal > 0 ? min(1, max(0, Double(itemsDone) / Double(itemsTotal))) : 1
    }
}
