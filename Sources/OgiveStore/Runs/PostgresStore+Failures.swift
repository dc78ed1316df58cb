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
        if run.spec.adopts {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" was adopted from a file: what the file lacks nobody can try "
                    + "again. `ogive rescore \(name)` lets a scorer give the rewards.")
        }
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
            let logProbabilities: Int64 = try await connection.query(
                LogProbabilityQueries.retry, [.int64(run.id.rawValue)] + filter.parameters
            ).one().decode("gone")
            if draws + candidates + logProbabilities > 0 {
                try await connection.execute(RunQueries.reopen, [.int64(run.id.rawValue)])
                try await connection.execute(SubmitQueries.notify)
            }
            return Int(draws + candidates + logProbabilities)
        }
    }
}

/// Which failures of a run are meant: all that satisfy what is given.
package struct FailureFilter: Hashable, Sendable {
    /// The kind of failure, for example `timeout`.
    package var code: String?
    /// `sampling`, `scoring` or `logprob`.
    package var stage: String?
    /// The key of the prompt.
    package var prompt: String?

    /// All failures, unless fields are set.
    package init(code: String? = nil, stage: String? = nil, prompt: String? = nil) {
        self.code = code
        self.stage = stage
        self.prompt = prompt
    }

    /// $2 code, $3 stage, $4 prompt key of the queries; NULL means any.
    var parameters: [PostgresValue] {
        [code, stage, prompt].map { $0.map(PostgresValue.string) ?? .null }
    }
}

/// A draw or candidate that was given up.
package struct FailureEntry: Hashable, Sendable {
    /// The prompt.
    package let promptKey: String
    /// `draw`, `candidate` or `candidate_logprob`.
    package let kind: String
    /// Index within its kind.
    package let index: Int32
    /// `sampling`, `scoring` or `logprob`.
    package let stage: String
    /// Kind of failure.
    package let code: String
    /// What is wrong, where, and what to do, with the history of the attempts.
    package let message: String
    /// How often it was tried.
    package let attempts: Int32
    /// When it was given up.
    package let failedAt: String
}

/// How many failures there are of one kind.
package struct FailureGroup: Hashable, Sendable {
    /// Kind of failure.
    package let code: String
    /// `sampling`, `scoring` or `logprob`.
    package let stage: String
    /// How many draws and candidates.
    package let count: Int64
    /// Prompts that they belong to.
    package let prompts: Int64
}

/// SQL on failures: $1 run, $2 code, $3 stage, $4 prompt key, NULL for any.
enum FailureQueries {
    private static let filtered = """
        FROM ogive.failures
        WHERE run = $1 AND ($2::text IS NULL OR code = $2) AND ($3::text IS NULL OR stage = $3)
            AND ($4::text IS NULL OR prompt_key = $4)
        """
    static let groups = """
        SELECT code, stage, count(*) AS failures, count(DISTINCT prompt_id) AS prompts
        \(filtered) GROUP BY code, stage ORDER BY failures DESC, code, stage
        """
    /// $5 most.
    static let entries = """
        SELECT prompt_key, item_kind, item_index, stage, code, message, attempts,
            to_char(failed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS failed_at
        \(filtered) ORDER BY prompt_id, item_kind DESC, item_index LIMIT $5
        """
    /// $1 scoring; the failures of all draws and candidates of it, or those that are meant.
    static let delete = """
        WITH gone AS (
            DELETE FROM ogive.failure_rows f WHERE f.scoring_id = $1
                AND ($2::text IS NULL OR f.code = $2) AND ($3::text IS NULL OR f.stage = $3)
                AND ($4::text IS NULL OR f.prompt_id IN (
                    SELECT p.id FROM ogive.prompt_rows p
                    JOIN ogive.samplings s ON s.prompt_set_id = p.prompt_set_id
                    JOIN ogive.scorings g ON g.sampling_id = s.id
                    WHERE g.id = $1 AND p.key = $4))
            RETURNING item_kind
        )
        SELECT count(*) FILTER (WHERE item_kind = 'draw') AS draws,
            count(*) FILTER (WHERE item_kind = 'candidate') AS candidates
        FROM gone
        """
    /// $1 scoring, $2 draws, $3 candidates.
    static let uncount = """
        UPDATE ogive.scoring_progress SET draw_failures = draw_failures - $2,
            candidate_failures = candidate_failures - $3
        WHERE scoring_id = $1
        """
}
