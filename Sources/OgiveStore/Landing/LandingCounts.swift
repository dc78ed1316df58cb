internal import OgiveCore

/// What landing changed, for the receipt and the counters of progress.
struct LandingCounts: Sendable {
    var completions: Int64 = 0
    var tokens: Int64 = 0
    var truncated: Int64 = 0
    /// New completions that came with neither reward nor failure.
    var bare: Int64 = 0
    var rewards: Int64 = 0
    var candidateRewards: Int64 = 0
    var drawFailures: Int64 = 0
    var candidateFailures: Int64 = 0
    var logProbabilities: Int64 = 0
    var logProbabilityFailures: Int64 = 0
    /// What the policy spent on what is new, and the scorer.
    var policyTokens = TokenCount()
    var scorerTokens = TokenCount()
    /// What runs with a budget have spent in all.
    var spent: [RunID: Spending] = [:]

    /// Of nothing.
    init() {}

    /// Counts what a plan lands.
    init(_ plan: LandingPlan) {
        completions = Int64(plan.completions.count)
        bare = Int64(plan.bare)
        rewards = Int64(plan.rewards.count)
        candidateRewards = Int64(plan.candidateRewards.count)
        candidateFailures = Int64(plan.failures.count { $0.key.name.kind == .candidate })
        drawFailures = Int64(plan.failures.count) - candidateFailures
        for completion in plan.completions.lazy.compactMap(\.completion) {
            tokens += Int64(completion.tokenCount.stored)
            truncated += completion.isTruncated ? 1 : 0
        }
        policyTokens.output = Int(tokens)
        for result in plan.completions {
            policyTokens.input +=
                (result.completion?.promptTokenCount ?? result.item.policyTokens?.input).stored
        }
        for result in plan.logProbabilities {
            logProbabilities += result.outcome.failure == nil ? 1 : 0
            logProbabilityFailures += result.outcome.failure == nil ? 0 : 1
            policyTokens.input += (result.item.policyTokens?.input).stored
            policyTokens.output += (result.item.policyTokens?.output).stored
        }
        for result in (plan.rewards + plan.candidateRewards).map(\.result) {
            scorerTokens.input += (result.item.scorerTokens?.input).stored
            scorerTokens.output += (result.item.scorerTokens?.output).stored
        }
    }

    /// Adds what another run's part changed.
    mutating func add(_ other: LandingCounts) {
        completions += other.completions
        tokens = tokens.saturating(adding: other.tokens)
        truncated += other.truncated
        bare += other.bare
        rewards += other.rewards
        candidateRewards += other.candidateRewards
        drawFailures += other.drawFailures
        candidateFailures += other.candidateFailures
        logProbabilities += other.logProbabilities
        logProbabilityFailures += other.logProbabilityFailures
        policyTokens = policyTokens + other.policyTokens
        scorerTokens = scorerTokens + other.scorerTokens
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

extension Int? {
    /// A number of tokens as the database takes it: one that makes no sense is not known.
    fileprivate var stored: Int {
        guard let self, self >= 0, self <= Int(Int32.max) else { return 0 }
        return self
    }
}
