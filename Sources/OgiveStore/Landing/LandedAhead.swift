/// What a landing copied of one run before it was its turn, by the plan it had then.
struct LandedAhead: Sendable {
    let plan: LandingPlan
    /// Whole tables of prompts that had none, by ascending prompt.
    let tables: [LandingPlan.PromptTable]
    /// Their prompts.
    let prompts: Set<Int64>
    /// Their rewards, by ascending key.
    let rewards: [LandingReward]
    /// The sum of these rewards, as PostgreSQL's `numeric`.
    var rewardSum = "0"

    /// What of a plan can be copied ahead, in a run with `draws` draws a prompt. A table that is
    /// whole grows no more: whoever writes one for the same prompt brought the same draws.
    init(_ plan: LandingPlan, of draws: Int32) {
        self.plan = plan
        tables = plan.tables(of: plan.rewards).filter { prompt, table, _ in
            table.completeTo == draws && table.indexes.count == Int(draws)
                && plan.ground.tables[prompt] == nil
        }
        let prompts = Set(tables.lazy.map(\.prompt))
        self.prompts = prompts
        rewards =
            prompts.isEmpty ? [] : plan.rewards.filter { prompts.contains($0.key.prompt) }
    }

    /// Whether a later plan has the same texts, and the same rewards in these tables.
    func agrees(with later: LandingPlan) -> Bool {
        let laterRewards = later.rewards.lazy.filter { prompts.contains($0.key.prompt) }
        return later.completions.elementsEqual(plan.completions) { $0 === $1 }
            && laterRewards.elementsEqual(rewards) { $0.agrees(with: $1) }
    }
}
