package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Pins the draws of a run, its candidates and their rewards under a name. Throws `.conflict`
    /// when there is no such run, when the name is taken, or when the run has not finished and
    /// `allowsPending` is false. `program` is the version of the program that asks.
    package func makeSnapshot(
        ofRun run: String, named name: String, allowsPending: Bool = false, program: String
    ) async throws(StoreError) -> Snapshot {
        guard (1...200).contains(name.utf8.count) else {
            throw StoreError(.conflict, "The name of a snapshot has 1 to 200 bytes.")
        }
        if let problem = GivenName.problem(of: name) {
            throw StoreError(.conflict, "Snapshot \"\(name)\": \(problem).")
        }
        _ = try await self.run(named: run)
        let now = clock.now()
        let action = "make snapshot \"\(name)\" of run \"\(run)\""
        return try await database.transaction(action, isolation: .repeatableRead) { connection in
            let taken = try await connection.query(
                SnapshotQueries.one, [.string(run), .string(name)])
            guard taken.isEmpty else { throw Self.taken(run, name) }
            do {
                _ = try await connection.query(
                    SnapshotQueries.make,
                    [
                        .string(run), .string(name), .int64(now), .bool(allowsPending),
                        .string(program),
                    ])
            } catch let error as PostgresError where error.sqlState == "55000" {
                throw StoreError(
                    .conflict,
                    "\(error.message). Let it finish, or give --incomplete to pin what is there.")
            } catch let error as PostgresError where error.sqlState == "23505" {
                throw Self.taken(run, name)
            }
            return try Snapshot(
                try await connection.query(SnapshotQueries.one, [.string(run), .string(name)])
                    .one())
        }
    }

    /// Snapshots in order of runs and time; only those of a run when there is a name. Throws
    /// `.conflict` when there is no such run.
    package func snapshots(ofRun run: String? = nil) async throws(StoreError) -> [Snapshot] {
        if let run { _ = try await self.run(named: run) }
        return try await database.with("read the snapshots") { connection in
            try await connection.query(
                SnapshotQueries.list, [.optional(run, PostgresValue.string)]
            ).map(Snapshot.init)
        }
    }

    /// A snapshot by its name; throws `.conflict` when there is none.
    package func snapshot(
        named name: String, ofRun run: String
    ) async throws(StoreError) -> Snapshot {
        let all = try await snapshots(ofRun: run)
        guard let found = all.first(where: { $0.name == name }) else {
            let names = all.suffix(10).map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw StoreError(
                .conflict,
                "Run \"\(run)\" has no snapshot \"\(name)\". "
                    + (all.isEmpty
                        ? "There are none: `ogive snapshot RUN NAME` makes one."
                        : "There are \(names)."))
        }
        return found
    }

    private static func taken(_ run: String, _ name: String) -> StoreError {
        StoreError(
            .conflict,
            "Run \"\(run)\" has a snapshot \"\(name)\" already, and snapshots never change: "
                + "choose another name. `ogive snapshot list` shows them.")
    }
}

/// A named version of a run that nothing changes any more.
package struct Snapshot: Hashable, Sendable {
    /// The run.
    package let run: String
    /// Its name, unique within the run.
    package let name: String
    /// When it was made, in UTC.
    package let madeAt: String
    /// Whether nothing of the run was pending then.
    package let isComplete: Bool
    /// Prompts of the set.
    package let prompts: Int
    /// Completions that it holds.
    package let draws: Int
    /// Those of them with a reward.
    package let rewards: Int
    /// Draws that had failed.
    package let failures: Int
    /// Candidates with a reward.
    package let candidates: Int
    /// Checksum of all that it holds, in hexadecimal.
    package let sha256: String
    /// What it is, as a JSON object: specifications, fingerprints, counts, versions.
    package let manifest: String

    let id: Int64
    let scoring: Int64

    init(_ row: PostgresRow) throws(PostgresError) {
        run = try row.decode("run")
        name = try row.decode("snapshot")
        madeAt = try row.decode("made_at")
        isComplete = try row.decode("complete")
        prompts = try row.decode("prompts")
        draws = try row.decode("draws")
        rewards = try row.decode("rewards")
        failures = try row.decode("failures")
        candidates = try row.decode("candidates")
        sha256 = try row.decode("sha256")
        manifest = try row.decode("manifest")
        id = try row.decode("snapshot_id")
        scoring = try row.decode("scoring_id")
    }
}

/// SQL of snapshots: made and checked in the database, where the rows are.
enum SnapshotQueries {
    /// Reads all draws of the run. $1 run, $2 name, $3 microseconds, $4 whether pending items are
    /// fine, $5 version of the program.
    static let make = """
        SELECT ogive.make_snapshot(
            $1, $2, timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4, $5)
        """

    private static let columns = """
        SELECT run, snapshot, complete, prompts, draws, rewards, failures, candidates, sha256,
            manifest::text AS manifest, snapshot_id, scoring_id,
            to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS made_at
        FROM ogive.snapshots
        """
    /// All snapshots, or those of a run. $1 run or NULL.
    static let list = columns + " WHERE run = coalesce($1, run) ORDER BY run_id, snapshot_id"
    /// $1 run, $2 name.
    static let one = columns + " WHERE run = $1 AND snapshot = $2"

    /// Prompts of a run's snapshots that are not what they were, and snapshots whose prompts are
    /// not those that were pinned. $1 run.
    static let problems = """
        SELECT 'snapshot "' || s.name || '": prompt ' || m.prompt_id
            || ' is not what was pinned' AS problem
        FROM ogive.snapshot_rows s
        JOIN ogive.runs r ON r.id = s.run_id
        JOIN ogive.snapshot_table_rows m ON m.snapshot_id = s.id
        WHERE r.name = $1 AND (
            m.sha256 IS DISTINCT FROM ogive.prompt_sha256(s.sampling_id, m.prompt_id,
                m.draw_indexes, m.draw_rewards, m.unscored_indexes, m.candidate_indexes,
                m.candidate_rewards, m.candidate_log_probabilities)
            OR m.rewards <> ARRAY(SELECT u.reward FROM unnest(m.draw_rewards) u(reward) ORDER BY 1))
        UNION ALL
        SELECT 'snapshot "' || s.name || '": its checksum is not that of its prompts'
        FROM ogive.snapshot_rows s
        JOIN ogive.runs r ON r.id = s.run_id
        WHERE r.name = $1 AND s.sha256 IS DISTINCT FROM (
            SELECT sha256(coalesce(string_agg(m.sha256, '' ORDER BY p.key COLLATE "C"), ''))
            FROM ogive.snapshot_table_rows m
            JOIN ogive.prompt_rows p ON p.id = m.prompt_id
            WHERE m.snapshot_id = s.id)
        """
}
