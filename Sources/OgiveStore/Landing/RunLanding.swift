internal import OgiveCore
internal import Postgres

/// Lands results of one run: reads what is there, lets the plan decide, writes what it says.
struct RunLanding: Sendable {
    let run: Int64
    let sampling: Int64
    let scoring: Int64
    let promptSet: Int64
    /// N, the draws of each prompt.
    let draws: Int32
    let hasBudget: Bool
    /// Whether the set has candidates.
    let hasCandidates: Bool
    /// Whether the scoring had failures when the landing began.
    let hasFailures: Bool
    /// By ascending item, and those of one item in order of arrival.
    let results: [LandingResult]
    let now: Int64

    /// Reads a row of the query `run`.
    init(_ row: PostgresRow, results: [LandingResult], now: Int64) throws {
        run = try row.decode("id")
        sampling = try row.decode("sampling_id")
        scoring = try row.decode("scoring_id")
        promptSet = try row.decode("prompt_set_id")
        draws = try row.decode("draws")
        hasBudget = try row.decode("has_budget")
        hasCandidates = try row.decode("has_candidates")
        hasFailures = try row.decode("has_failures")
        self.results = results
        self.now = now
    }

    /// Copies what is new as far as can be told before the landings ahead have ended, and what
    /// only one landing can write: texts, and whole tables of prompts that have none.
    func landAhead(_ connection: PostgresConnection) async throws -> LandedAhead {
        var committed = CommittedState()
        try await committed.readBefore(self, connection)
        let ahead = LandedAhead(LandingPlan(results, on: committed), of: draws)
        try await copy(
            LandingQueries.copyCompletions, try rows.completions(ahead.plan.completions),
            connection)
        if ahead.rewards.isEmpty { return ahead }
        try await copy(LandingQueries.copyTables, try rows.tables(ahead.tables), connection)
        try await copy(LandingQueries.copyParts, try rows.parts(ahead.rewards), connection)
        return ahead
    }

    /// Lands everything else. Throws a conflict when another landing meanwhile resolved a draw of
    /// which something was copied ahead.
    func landOutcomes(
        _ ahead: LandedAhead, _ connection: PostgresConnection
    ) async throws -> LandingCounts {
        var committed = ahead.plan.committed
        let isChanged = try await committed.readAfter(ahead, self, connection)
        let plan = isChanged ? LandingPlan(results, on: committed) : ahead.plan
        if isChanged {
            guard ahead.agrees(with: plan) else { throw LandingConflict() }
            try await land(plan, beside: ahead, connection)
        }
        let sum =
            plan.rewards.count == ahead.rewards.count
            ? ahead.rewardSum : RewardSum(plan.rewards.lazy.map(\.score.reward))
        return try await count(plan, rewardSum: sum, connection)
    }

    /// Lands what was not copied ahead.
    private func land(
        _ plan: LandingPlan, beside ahead: LandedAhead, _ connection: PostgresConnection
    ) async throws {
        try await copy(
            LandingQueries.copyLogProbabilities, try rows.logProbabilities(plan.logProbabilities),
            connection)
        let rewards = plan.rewards.filter { !ahead.prompts.contains($0.key.prompt) }
        try await mergeTables(plan.tables(of: rewards), plan.committed, connection)
        try await copy(
            LandingQueries.copyCandidateRewards,
            try rows.candidateRewards(plan.candidateRewards), connection)
        try await copy(
            LandingQueries.copyParts, try rows.parts(rewards + plan.candidateRewards), connection)
        try await copy(LandingQueries.copyFailures, try rows.failures(plan.failures), connection)
    }

    private var rows: LandingRows {
        LandingRows(sampling: sampling, scoring: scoring, now: now)
    }

    private func copy(
        _ statement: String, _ rows: PostgresCopyBuffer, _ connection: PostgresConnection
    ) async throws {
        if rows.rowCount > 0 { try await connection.copyIn(statement, rows) }
    }

    /// Tables of prompts that have none are copied; the others take in what is new, most of them
    /// in their tails.
    private func mergeTables(
        _ tables: [LandingPlan.PromptTable], _ committed: CommittedState,
        _ connection: PostgresConnection
    ) async throws {
        let fresh = tables.filter { committed.tables[$0.prompt] == nil }
        try await copy(LandingQueries.copyTables, try rows.tables(fresh), connection)
        if fresh.count == tables.count { return }
        let grown = tables.filter { committed.tables[$0.prompt] != nil }
        let whole = grown.filter {
            $0.table.isWrittenWhole(of: draws, tail: $0.tail.indexes.count)
        }
        let growing = grown.filter {
            !$0.table.isWrittenWhole(of: draws, tail: $0.tail.indexes.count)
        }
        try await write(whole, whole.map(\.table), LandingQueries.mergeTables, connection)
        try await write(growing, growing.map(\.tail), LandingQueries.growTails, connection)
    }

    /// Writes `parts` of tables, whole ones or tails.
    private func write(
        _ tables: [LandingPlan.PromptTable], _ parts: [CommittedState.Table], _ sql: String,
        _ connection: PostgresConnection
    ) async throws {
        if tables.isEmpty { return }
        let counts = parts.map(\.indexes.count)
        try await connection.queryPrepared(
            sql,
            [
                .int64(scoring), .int64(now), .int64Array(tables.map(\.prompt)),
                .int32Array(try Self.sizes(counts)),
                .int32Array(tables.map(\.table.completeTo)), .int32Array(try Self.firsts(counts)),
                .int32Array(parts.flatMap(\.indexes)), .doubleArray(parts.flatMap(\.rewards)),
                .doubleArray(parts.flatMap { $0.rewards.sorted() }),
            ])
    }

    /// The sizes of tables as the database takes them. Throws when one does not fit.
    private static func sizes(_ counts: [Int]) throws(StoreError) -> [Int32] {
        try counts.map { count throws(StoreError) in
            guard let size = Int32(exactly: count) else { throw tooManyRewards }
            return size
        }
    }

    /// Where each of the tables begins in the list of all of them, counted from 1. Throws when
    /// there is one that the database could not count up to.
    static func firsts(_ counts: [Int]) throws(StoreError) -> [Int32] {
        var next = 1
        let firsts = counts.map { count in
            defer { next = next.saturating(adding: count) }
            return next
        }
        return try sizes(firsts)
    }

    private static let tooManyRewards = StoreError(
        .refused,
        "the tables that a batch adds to have more than \(Int32.max) rewards in all; lower "
            + "`coordinator.landing.batch`")

    /// Counts what landed. Only what is new was spent by this run: what another one had made cost
    /// it nothing.
    private func count(
        _ plan: LandingPlan, rewardSum: RewardSum, _ connection: PostgresConnection
    ) async throws -> LandingCounts {
        var counts = LandingCounts(plan)
        let row = try await connection.queryPrepared(
            LandingQueries.count,
            [
                .int64(run), .int64(sampling), .int64(scoring), .int64(counts.completions),
                .int64(counts.tokens), .int64(counts.truncated), .int64(counts.logProbabilities),
                .int64(counts.logProbabilityFailures), .int64(counts.rewards),
                .stringArray(rewardSum.parts),
                .int64(counts.candidateRewards), .int64(counts.drawFailures),
                .int64(counts.candidateFailures), .int64(Int64(counts.policyTokens.input)),
                .int64(Int64(counts.policyTokens.output)),
                .int64(Int64(counts.scorerTokens.input)),
                .int64(Int64(counts.scorerTokens.output)), .doubleArray(rewardSum.others),
            ]
        ).one()
        if hasBudget { counts.spent[RunID(run)] = try Spending(row) }
        return counts
    }
}

extension Spending {
    /// Reads what a run has spent in all.
    init(_ row: PostgresRow) throws {
        self.init(
            policy: TokenCount(
                input: try row.decode("policy_input"), output: try row.decode("policy_output")),
            scorer: TokenCount(
                input: try row.decode("scorer_input"), output: try row.decode("scorer_output")))
    }
}

/// What a landing copied of one run before it was its turn, by the plan it had then.
struct LandedAhead: Sendable {
    let plan: LandingPlan
    /// Whole tables of prompts that had none, by ascending prompt.
    let tables: [LandingPlan.PromptTable]
    /// Their prompts.
    let prompts: Set<Int64>
    /// Their rewards, by ascending key.
    let rewards: [LandingReward]
    /// The sum of these rewards.
    let rewardSum: RewardSum

    /// What of a plan can be copied ahead, in a run with `draws` draws a prompt. A table that is
    /// whole grows no more: whoever writes one for the same prompt brought the same draws.
    init(_ plan: LandingPlan, of draws: Int32) {
        self.plan = plan
        tables = plan.tables(of: plan.rewards).filter { prompt, table, _ in
            table.completeTo == draws && table.indexes.count == Int(draws)
                && plan.committed.tables[prompt] == nil
        }
        let prompts = Set(tables.lazy.map(\.prompt))
        self.prompts = prompts
        rewards =
            prompts.isEmpty ? [] : plan.rewards.filter { prompts.contains($0.key.prompt) }
        rewardSum = RewardSum(rewards.lazy.map(\.score.reward))
    }

    /// Whether a later plan has the same texts, and the same rewards in these tables.
    func agrees(with later: LandingPlan) -> Bool {
        let laterRewards = later.rewards.lazy.filter { prompts.contains($0.key.prompt) }
        return later.completions.elementsEqual(plan.completions) { $0 === $1 }
            && laterRewards.elementsEqual(rewards) { $0.agrees(with: $1) }
    }
}
