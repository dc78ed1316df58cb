internal import OgiveCore
internal import Postgres

/// Lands the staged results of one run, in the order that the statements need: nothing for items
/// that a failure settled, then texts, rewards of these texts, failures of what is left.
struct RunLanding {
    let run: Int64
    let sampling: Int64
    let scoring: Int64
    let promptSet: Int64
    let now: Int64
    let hasBudget: Bool

    func land(_ connection: PostgresConnection) async throws -> LandingCounts {
        var counts = LandingCounts()
        try await connection.execute(
            LandingQueries.removeStrangers, [.int64(run), .int64(promptSet)])
        try await landLogProbabilities(connection, &counts)
        try await connection.execute(
            LandingQueries.removeSettled, [.int64(run), .int64(scoring)])
        try await connection.execute(LandingQueries.removeOvertaken, [.int64(run)])
        try await landCompletions(connection, &counts)
        try await landRewards(connection, &counts)
        try await landFailures(connection, &counts)
        try await keepCounters(counts, connection)
        try await keepSpending(&counts, connection)
        return counts
    }

    private func landLogProbabilities(
        _ connection: PostgresConnection, _ counts: inout LandingCounts
    ) async throws {
        let row = try await connection.query(
            LogProbabilityQueries.land, [.int64(run), .int64(sampling), .int64(now)]
        ).one()
        counts.logProbabilities = try row.decode("told")
        counts.logProbabilityFailures = try row.decode("failures")
        counts.logProbabilityTokens = TokenCount(
            input: try row.decode("policy_input"), output: try row.decode("policy_output"))
        guard counts.logProbabilities + counts.logProbabilityFailures > 0 else { return }
        try await connection.execute(
            LogProbabilityQueries.count,
            [
                .int64(sampling), .int64(counts.logProbabilities),
                .int64(counts.logProbabilityFailures),
            ])
    }

    private func landCompletions(
        _ connection: PostgresConnection, _ counts: inout LandingCounts
    ) async throws {
        let row = try await connection.query(
            LandingQueries.completions, [.int64(run), .int64(sampling), .int64(now)]
        ).one()
        counts.completions = try row.decode("completions")
        counts.tokens = try row.decode("tokens")
        counts.promptTokens = try row.decode("prompt_tokens")
        counts.truncated = try row.decode("truncated")
        counts.bare = try row.decode("bare")
    }

    private func landRewards(
        _ connection: PostgresConnection, _ counts: inout LandingCounts
    ) async throws {
        let draws = try await connection.query(
            LandingQueries.rewards,
            [.int64(run), .int64(sampling), .int64(scoring), .int64(now)]
        ).one()
        counts.rewards = try draws.decode("rewards")
        counts.rewardSum = try draws.decode("total")
        let candidates = try await connection.query(
            LandingQueries.candidateRewards, [.int64(run), .int64(scoring)]
        ).one()
        counts.candidateRewards = try candidates.decode("rewards")
        for row in [draws, candidates] {
            counts.scorerTokens.input += try row.decode("scorer_input", as: Int.self)
            counts.scorerTokens.output += try row.decode("scorer_output", as: Int.self)
        }
    }

    private func landFailures(
        _ connection: PostgresConnection, _ counts: inout LandingCounts
    ) async throws {
        let fresh = try await connection.query(
            LandingQueries.failures,
            [.int64(run), .int64(scoring), .int64(sampling), .int64(now)]
        ).one()
        counts.drawFailures = try fresh.decode("draws")
        counts.candidateFailures = try fresh.decode("candidates")
    }

    private func keepCounters(
        _ counts: LandingCounts, _ connection: PostgresConnection
    ) async throws {
        try await connection.execute(
            LandingQueries.samplingProgress,
            [
                .int64(sampling), .int64(counts.completions), .int64(counts.tokens),
                .int64(counts.truncated),
            ])
        try await connection.execute(
            LandingQueries.scoringProgress,
            [
                .int64(scoring), .int64(counts.rewards), .string(counts.rewardSum),
                .int64(counts.candidateRewards),
                .int64(counts.drawFailures), .int64(counts.candidateFailures),
            ])
    }

    /// Only what is new was spent by this run: what another one had made cost it nothing.
    private func keepSpending(
        _ counts: inout LandingCounts, _ connection: PostgresConnection
    ) async throws {
        let row = try await connection.query(
            LandingQueries.spending,
            [
                .int64(run), .int64(counts.rewards),
                .int64(counts.promptTokens + Int64(counts.logProbabilityTokens.input)),
                .int64(counts.tokens + Int64(counts.logProbabilityTokens.output)),
                .int64(Int64(counts.scorerTokens.input)),
                .int64(Int64(counts.scorerTokens.output)),
            ]
        ).one()
        if hasBudget { counts.spent[RunID(run)] = try Spending(row) }
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
