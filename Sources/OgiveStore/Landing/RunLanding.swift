internal import Postgres

/// Lands the staged results of one run, in the order that the statements need: nothing for items
/// that a failure settled, then texts, rewards of these texts, failures of what is left.
struct RunLanding {
    let run: Int64
    let sampling: Int64
    let scoring: Int64
    let promptSet: Int64
    let now: Int64

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
        counts.candidateRewards = try await connection.query(
            LandingQueries.candidateRewards, [.int64(run), .int64(scoring)]
        ).one().decode("rewards")
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
}
