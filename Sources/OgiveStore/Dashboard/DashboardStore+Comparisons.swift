package import OgiveCore
internal import Postgres

extension DashboardStore {
    /// Most pairs of rewards that p-values may take on a page, and most of one prompt.
    static let pairsMax = 400_000
    static let promptPairsMax = 65_536
    /// Fewest prompts of a comparison, however large their tables are.
    static let driftTablesMin = 6

    /// The latest ones.
    package func related(to run: RunOverview) async throws(StoreError) -> [RelatedRun] {
        try await read("read the runs like run \(run.id.rawValue)") { connection in
            try await connection.queryPrepared(
                RunComparisonQueries.related, [.int64(run.id.rawValue)]
            ).map { row in
                RelatedRun(
                    id: RunID(try row.decode("run_id")), name: try row.decode("run"),
                    relation: try row.decode("shares_completions") ? .scoring : .version,
                    policy: try row.decode("policy"),
                    revision: try row.decode("revision", as: String?.self),
                    scorer: try row.decode("scorer"))
            }
        }
    }

    /// The latest ones.
    package func snapshots(of run: RunOverview) async throws(StoreError) -> [SnapshotOverview] {
        try await read("read the snapshots of run \(run.id.rawValue)") { connection in
            try await connection.queryPrepared(
                RunComparisonQueries.snapshots, [.int64(run.id.rawValue)]
            ).map { row in
                SnapshotOverview(
                    id: try row.decode("snapshot_id"), name: try row.decode("snapshot"),
                    madeAt: try row.decode("made_at"), isComplete: try row.decode("complete"),
                    draws: try row.decode("draws"), rewards: try row.decode("rewards"),
                    failures: try row.decode("failures"),
                    candidates: try row.decode("candidates"), sha256: try row.decode("sha256"))
            }
        }
    }

    /// Of some prompts at even distances: as many as leaves the p-values time.
    package func drift(
        from first: RunOverview, to second: RunOverview
    ) async throws(StoreError) -> VersionComparison {
        let pairs = max(1, first.counts.draws) * max(1, second.counts.draws)
        let hasPValues = pairs <= Self.promptPairsMax
        let tables = min(Self.lengthTables, max(Self.driftTablesMin, Self.pairsMax / pairs))
        let isAll = first.counts.prompts <= tables
        let names = [PostgresValue.string(first.source.run), .string(second.source.run)]
        return try await read("compare reference versions") { connection in
            let prompts = try await connection.queryPrepared(
                RunComparisonQueries.drift(isAll: isAll, hasPValues: hasPValues),
                parameters(first) + [.int64(first.promptSetID), .int32(Int32(tables))] + names + [
                    .doubleArray(VersionComparison.levels),
                    .int32(Int32(ReportBounds.messageCharacters)),
                ]
            ).map { row in
                VersionComparison.Prompt(
                    id: PromptID(try row.decode("prompt_id")), key: try row.cut("key"),
                    count: try row.decode("n"), otherCount: try row.decode("other_n"),
                    distance: try row.decode("ks_distance"),
                    pValue: try row.decode("ks_p_value", as: Double?.self),
                    mean: try row.decode("mean"), otherMean: try row.decode("other_mean"),
                    quantileShifts: try row.decode("quantile_shifts"))
            }
            var moved: Int?
            if isAll, hasPValues {
                moved = try await connection.queryPrepared(RunComparisonQueries.moved, names).one()
                    .decode("moved", as: Int.self)
            }
            return VersionComparison(isWhole: isAll, prompts: prompts, moved: moved)
        }
    }

    /// Of some prompts at even distances; 0 is what is there now.
    package func comparison(
        of run: RunOverview, snapshot first: Int64, with second: Int64
    ) async throws(StoreError) -> SnapshotComparison {
        let isAll = run.counts.prompts <= Self.lengthTables
        return try await read("compare snapshots") { connection in
            let prompts = try await connection.queryPrepared(
                RunComparisonQueries.snapshots(isAll: isAll),
                parameters(run) + [
                    .int64(run.promptSetID), .int32(Int32(Self.lengthTables)), .int64(first),
                    .int64(second), .int32(Int32(ReportBounds.messageCharacters)),
                ]
            ).map { row in
                SnapshotComparison.Prompt(
                    id: PromptID(try row.decode("prompt_id")), key: try row.cut("key"),
                    count: try row.decode("n"), otherCount: try row.decode("other_n"),
                    isSame: try row.decode("is_same"),
                    distance: try row.decode("ks_distance", as: Double?.self),
                    mean: try row.decode("mean", as: Double?.self),
                    otherMean: try row.decode("other_mean", as: Double?.self))
            }
            return SnapshotComparison(isWhole: isAll, prompts: prompts)
        }
    }
}
