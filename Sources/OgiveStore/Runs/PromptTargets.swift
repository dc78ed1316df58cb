internal import OgiveCore
internal import Postgres

/// Decides which prompts of an adaptive run get more draws.
///
/// Only while nothing of the run is pending: then each draw that was asked for has a reward or a
/// failure, and so has each candidate. What is decided follows from the rewards of draws 0 to
/// target − 1 alone, whoever made them and in whatever order; a decision that is lost is found
/// again.
struct PromptTargets {
    let extent: RunExtent

    private static let pageSize = 1000

    init(_ extent: RunExtent) {
        self.extent = extent
    }

    /// Raises targets until something is pending or every prompt has enough; whether something is
    /// pending. Ends, since targets only rise, up to the most draws of the run.
    func settle(_ connection: PostgresConnection) async throws -> Bool {
        guard extent.isAdaptive else { return try await extent.isPending(connection) }
        _ = try await connection.query(TargetQueries.lock, [.int64(extent.run)])
        let row = try await connection.query(RunQueries.byID, [.int64(extent.run)]).one()
        guard let rule = try RunDescription(row).spec.adaptive else {
            return try await extent.isPending(connection)
        }
        while true {
            if try await extent.isPending(connection) { return true }
            if try await raise(by: rule, connection) == 0 { return false }
        }
    }

    /// Raises each target once; how many rose.
    private func raise(
        by rule: AdaptiveDraws, _ connection: PostgresConnection
    ) async throws -> Int {
        var decision = TargetDecision(rule, max: Int(extent.draws))
        try await connection.forEachPage(
            TargetQueries.looks,
            [
                .int64(extent.promptSet), .int64(extent.run), .int64(extent.scoring),
                .int32(extent.firstDraws), .int32(extent.draws), .bool(rule.looksAtFirst),
            ], size: Self.pageSize
        ) { rows in
            for row in rows {
                decision.see(
                    PromptLook(
                        prompt: PromptID(try row.decode("prompt_id")),
                        draws: try row.decode("draws"), count: try row.decode("count"),
                        ranks: try row.decode("ranks", as: [Int32].self).map(Int.init)))
            }
        }
        let raises = decision.raises()
        if raises.isEmpty { return 0 }
        try await connection.execute(
            TargetQueries.raise,
            [
                .int64(extent.run), .int64Array(raises.map(\.prompt.rawValue)),
                .int32Array(raises.map { Int32(clamping: $0.draws) }),
            ])
        let more = raises.reduce(0) { $0 + $1.draws - $1.from }
        try await connection.execute(
            TargetQueries.count, [.int64(extent.run), .int64(Int64(more))])
        return raises.count
    }
}
