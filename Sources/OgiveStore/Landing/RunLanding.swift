internal import OgiveCore
internal import Postgres

/// Lands results of one run: reads what is there, lets the plan decide, writes what it says.
struct RunLanding: Sendable {
    let run: Int64
    let sampling: Int64
    let scoring: Int64
    let promptSet: Int64
    let hasBudget: Bool
    /// By ascending item, and those of one item in order of arrival.
    let results: [LandingResult]
    let now: Int64

    /// Reads a row of the query `runs`.
    init(_ row: PostgresRow, results: [LandingResult], now: Int64) throws {
        run = try row.decode("id")
        sampling = try row.decode("sampling_id")
        scoring = try row.decode("scoring_id")
        promptSet = try row.decode("prompt_set_id")
        hasBudget = try row.decode("has_budget")
        self.results = results
        self.now = now
    }

    /// Copies the texts that are new, as far as can be told before the landings ahead have ended.
    func landTexts(_ connection: PostgresConnection) async throws -> LandedTexts {
        var ground = LandingGround()
        try await ground.readBefore(self, connection)
        let plan = LandingPlan(results, on: ground)
        try await copy(
            LandingQueries.copyCompletions, try rows.completions(plan.completions), connection)
        return LandedTexts(ground: ground, completions: plan.completions)
    }

    /// Lands everything else. Throws a conflict when another landing settled a draw meanwhile of
    /// which the text was copied.
    func landOutcomes(
        _ texts: LandedTexts, _ connection: PostgresConnection
    ) async throws -> LandingCounts {
        var ground = texts.ground
        try await ground.readAfter(texts, self, connection)
        let plan = LandingPlan(results, on: ground)
        guard plan.completions.elementsEqual(texts.completions, by: { $0 === $1 }) else {
            throw LandingConflict()
        }
        try await copy(
            LandingQueries.copyLogProbabilities, try rows.logProbabilities(plan.logProbabilities),
            connection)
        try await mergeTables(plan, ground, connection)
        try await copy(
            LandingQueries.copyCandidateRewards,
            try rows.candidateRewards(plan.candidateRewards), connection)
        try await copy(
            LandingQueries.copyParts, try rows.parts(plan.rewards + plan.candidateRewards),
            connection)
        try await copy(LandingQueries.copyFailures, try rows.failures(plan.failures), connection)
        var counts = LandingCounts(plan)
        try await keepCounters(counts, plan, connection)
        try await keepSpending(&counts, connection)
        return counts
    }

    private var rows: LandingRows {
        LandingRows(sampling: sampling, scoring: scoring, now: now)
    }

    private func copy(
        _ statement: String, _ rows: PostgresCopyBuffer, _ connection: PostgresConnection
    ) async throws {
        if rows.rowCount > 0 { try await connection.copyIn(statement, rows) }
    }

    /// Tables of prompts that have none are copied; the others take in what is new.
    private func mergeTables(
        _ plan: LandingPlan, _ ground: LandingGround, _ connection: PostgresConnection
    ) async throws {
        let tables = plan.tables
        let fresh = tables.filter { ground.tables[$0.prompt] == nil }
        try await copy(LandingQueries.copyTables, try rows.tables(fresh), connection)
        if fresh.count == tables.count { return }
        let grown = tables.filter { ground.tables[$0.prompt] != nil }
        var first: [Int32] = []
        var next: Int32 = 1
        for (_, table) in grown {
            first.append(next)
            next += Int32(table.indexes.count)
        }
        try await connection.execute(
            LandingQueries.mergeTables,
            [
                .int64(scoring), .int64(now), .int64Array(grown.map(\.prompt)),
                .int32Array(grown.map { Int32($0.table.indexes.count) }),
                .int32Array(grown.map(\.table.completeTo)), .int32Array(first),
                .int32Array(grown.flatMap(\.table.indexes)),
                .doubleArray(grown.flatMap(\.table.rewards)),
                .doubleArray(grown.flatMap { $0.table.rewards.sorted() }),
            ])
    }

    private func keepCounters(
        _ counts: LandingCounts, _ plan: LandingPlan, _ connection: PostgresConnection
    ) async throws {
        try await connection.execute(
            LandingQueries.samplingProgress,
            [
                .int64(sampling), .int64(counts.completions), .int64(counts.tokens),
                .int64(counts.truncated), .int64(counts.logProbabilities),
                .int64(counts.logProbabilityFailures),
            ])
        try await connection.execute(
            LandingQueries.scoringProgress,
            [
                .int64(scoring), .int64(counts.rewards),
                .doubleArray(plan.rewards.compactMap(\.outcome.reward)),
                .int64(counts.candidateRewards), .int64(counts.drawFailures),
                .int64(counts.candidateFailures),
            ])
    }

    /// Only what is new was spent by this run: what another one had made cost it nothing.
    private func keepSpending(
        _ counts: inout LandingCounts, _ connection: PostgresConnection
    ) async throws {
        let row = try await connection.query(
            LandingQueries.spending,
            [
                .int64(run), .int64(counts.rewards), .int64(Int64(counts.policyTokens.input)),
                .int64(Int64(counts.policyTokens.output)),
                .int64(Int64(counts.scorerTokens.input)),
                .int64(Int64(counts.scorerTokens.output)),
            ]
        ).one()
        if hasBudget { counts.spent[RunID(run)] = try Spending(row) }
    }
}

/// The texts of one run that a landing copied, and what it saw before.
struct LandedTexts: Sendable {
    let ground: LandingGround
    let completions: [LandingResult]
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
