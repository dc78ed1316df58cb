package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// The failures of a run by kind, the most frequent first, and some of them one by one. Throws
    /// `.conflict` when there is no such run.
    package func failures(
        ofRun name: String, _ filter: FailureFilter, limit: Int
    ) async throws(StoreError) -> (groups: [FailureGroup], entries: [FailureEntry]) {
        _ = try await run(named: name)
        let parameters = [.string(name)] + filter.parameters
        return try await database.with("read the failures of \"\(name)\"") { connection in
            let groups = try await connection.query(FailureQueries.groups, parameters).map { row in
                FailureGroup(
                    code: try row.decode("code"), stage: try row.decode("stage"),
                    count: try row.decode("failures"), prompts: try row.decode("prompts"))
            }
            let entries = try await connection.query(
                FailureQueries.entries, parameters + [.int64(Int64(limit))]
            ).map { row in
                FailureEntry(
                    promptKey: try row.decode("prompt_key"), kind: try row.decode("item_kind"),
                    index: try row.decode("item_index"), stage: try row.decode("stage"),
                    code: try row.decode("code"), message: try row.decode("message"),
                    attempts: try row.decode("attempts"), failedAt: try row.decode("failed_at"))
            }
            return (groups, entries)
        }
    }

    /// Forgets failures of a run's scoring, so that the items are pending again, and opens the
    /// run; returns how many there were.
    package func retryFailures(
        ofRun name: String, _ filter: FailureFilter = FailureFilter()
    ) async throws(StoreError) -> Int {
        let run = try await run(named: name)
        return try await database.transaction("retry the failures of \"\(name)\"") { connection in
            let gone = try await connection.query(
                FailureQueries.delete, [.int64(run.scoring.rawValue)] + filter.parameters
            ).one()
            let (draws, candidates): (Int64, Int64) = (
                try gone.decode("draws"), try gone.decode("candidates")
            )
            try await connection.execute(
                FailureQueries.uncount,
                [.int64(run.scoring.rawValue), .int64(draws), .int64(candidates)])
            let untold: Int64 = try await connection.query(
                LogProbabilityQueries.retry, [.int64(run.id.rawValue)] + filter.parameters
            ).one().decode("gone")
            if draws + candidates + untold > 0 {
                try await connection.execute(RunQueries.reopen, [.int64(run.id.rawValue)])
                try await connection.execute(SubmitQueries.notify)
            }
            return Int(draws + candidates + untold)
        }
    }
}
