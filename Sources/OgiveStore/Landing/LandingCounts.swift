internal import OgiveCore

/// What landing changed, for the receipt and the counters of progress.
struct LandingCounts: Sendable {
    var completions: Int64 = 0
    var tokens: Int64 = 0
    var promptTokens: Int64 = 0
    var scorerTokens = TokenCount()
    /// What the policy spent on log-probabilities of candidates.
    var logProbabilityTokens = TokenCount()
    var truncated: Int64 = 0
    /// New completions that came with neither reward nor failure.
    var bare: Int64 = 0
    var rewards: Int64 = 0
    /// The sum of new rewards, as the text of a `numeric`.
    var rewardSum = "0"
    var candidateRewards: Int64 = 0
    var drawFailures: Int64 = 0
    var candidateFailures: Int64 = 0
    var logProbabilities: Int64 = 0
    var logProbabilityFailures: Int64 = 0
    /// What runs with a budget have spent in all.
    var spent: [RunID: Spending] = [:]

    /// Adds what another run's part changed.
    mutating func add(_ other: LandingCounts) {
        completions += other.completions
        bare += other.bare
        rewards += other.rewards
        candidateRewards += other.candidateRewards
        drawFailures += other.drawFailures
        candidateFailures += other.candidateFailures
        logProbabilities += other.logProbabilities
        logProbabilityFailures += other.logProbabilityFailures
        spent.merge(other.spent) { $0.merged($1) }
    }

    /// The receipt of a batch of `items` results.
    func receipt(items: Int) -> LandingReceipt {
        let failures = drawFailures + candidateFailures + logProbabilityFailures
        let news = rewards + candidateRewards + logProbabilities + failures + bare
        var receipt = LandingReceipt(
            completions: Int(completions), rewards: Int(rewards + candidateRewards),
            failures: Int(failures), duplicates: max(0, items - Int(news)))
        receipt.logProbabilities = Int(logProbabilities)
        receipt.spent = spent
        return receipt
    }
}
