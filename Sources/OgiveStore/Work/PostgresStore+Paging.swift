package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Reads in one snapshot; a run that was dropped has nothing pending.
    package func pendingPage(of run: RunDescription, after cursor: PromptID?, limit: PageLimit)
        async throws(StoreError) -> PendingPage
    {
        let action = "read pending items of run \"\(run.spec.name)\""
        // One snapshot for all queries: an item is either done or pending, never half.
        return try await database.transaction(action, isolation: .repeatableRead) { connection in
            try await connection.queryPrepared(PagingQueries.readByIndexes)
            guard let extent = try await RunExtent.readPrepared(run.id, connection) else {
                return PendingPage(prompts: [], next: nil)
            }
            var reader = PageReader(
                extent: extent, cursor: cursor?.rawValue ?? 0, limit: limit)
            if run.spec.candidatesFirst, !limit.onlyBegun {
                let rows = try await connection.query(
                    RunQueries.candidatesArePending, [.int64(run.id.rawValue)])
                reader.withDraws = try rows.one().decode("are_pending", as: Bool.self) == false
            }
            if limit.skipsDone, cursor == nil { try await reader.skipDone(connection) }
            return try await reader.read(connection)
        }
    }
}

/// SQL that finds pending work.
enum PagingQueries {
    /// How many prompts one page looks at when most of them are complete.
    static let scanMax: Int64 = 20_000

    /// To the end of the transaction, for all that runs statements of pages. Without statistics, as
    /// after an import, the planner takes a set for a handful of prompts: rather than read the
    /// paging index in its order, it would fetch and sort all that is left of the set, for each
    /// page. And these statements are planned once: none of them is to read a table whole, however
    /// small it is when they are planned.
    static let readByIndexes = """
        SELECT set_config('enable_bitmapscan', 'off', true),
            set_config('enable_seqscan', 'off', true)
        """

    /// The next prompts that lack something, looking at so many prompts at most. `id + 0` names
    /// the paging index; OFFSET 0 makes one look-up a prompt, whatever the statistics say, so that
    /// a page ends as soon as it is full. $1 prompt set,
    /// $2 cursor, $3 scoring, $4 draws, $5 whether candidates are scored, $6 most prompts, $7
    /// whether missing draws are sampled, $8 sampling: a run that samples nothing lacks rewards of
    /// completions that are there. $9 whether log-probabilities of candidates are asked for, $10
    /// whether draws are wanted now, $11 run: $4 is what it asks for of prompts without a target of
    /// their own, $12 most prompts that are looked at, $13 whether only begun prompts are asked
    /// for, $14 numbers of draws that were ever asked for. A prompt is begun when some of its draws
    /// have an outcome and others have none, unless the first ones have, as many as were asked for.
    /// One with a target of its own had all that was asked for before. Most pages of a run lie
    /// behind the last prompt with a table, for which nothing is looked up. The last one is the
    /// first of an order: `max` would read all tables of a scoring that the planner takes for
    /// empty, as it does until the next ANALYZE.
    static let prompts = """
        SELECT p.id, p.key, p.content::text AS content, p.metadata::text AS metadata,
            p.candidate_count, t.draw_indexes, coalesce(g.draws, $4) AS draws
        FROM (
            SELECT id, key, content, metadata, candidate_count, id + 0 AS position
            FROM ogive.prompt_rows
            WHERE prompt_set_id = $1 AND id + 0 > $2
            ORDER BY id + 0 LIMIT $12
        ) p
        LEFT JOIN LATERAL (
            SELECT prompt_id, complete_to, draw_indexes FROM ogive_internal.whole_tables
            WHERE scoring_id = $3 AND prompt_id = p.id AND p.id <= (
                SELECT m.prompt_id FROM ogive.quantile_table_rows m WHERE m.scoring_id = $3
                ORDER BY m.prompt_id DESC LIMIT 1)
            OFFSET 0
        ) t ON true
        LEFT JOIN LATERAL (
            SELECT draws FROM ogive.prompt_target_rows
            WHERE run_id = $11 AND prompt_id = p.id AND p.id <= (
                SELECT m.prompt_id FROM ogive.prompt_target_rows m WHERE m.run_id = $11
                ORDER BY m.prompt_id DESC LIMIT 1)
            OFFSET 0
        ) g ON true
        WHERE (NOT $13::boolean OR (g.draws IS NULL
            AND (t.prompt_id IS NULL OR t.complete_to < $4) AND EXISTS (
                SELECT FROM (
                    SELECT count(*)::integer AS count, max(d.draw_index) AS last
                    FROM (
                        SELECT u.draw_index FROM unnest(t.draw_indexes) u(draw_index)
                        UNION ALL
                        SELECT f.item_index FROM ogive.failure_rows f
                        WHERE f.scoring_id = $3 AND f.prompt_id = p.id AND f.item_kind = 'draw'
                    ) d
                    WHERE d.draw_index < $4
                ) b
                WHERE b.count BETWEEN 1 AND $4 - 1
                    AND (b.last >= b.count OR b.count <> ALL ($14::integer[])))))
            AND (($10::boolean AND (t.prompt_id IS NULL OR t.complete_to < coalesce(g.draws, $4))
                AND ($7::boolean OR EXISTS (
                    SELECT FROM ogive.completion_rows c
                    WHERE c.sampling_id = $8 AND c.prompt_id = p.id
                        AND c.draw_index < coalesce(g.draws, $4)
                        AND NOT coalesce(c.draw_index = ANY(t.draw_indexes), false))))
            OR ($9::boolean AND p.candidate_count > 0 AND p.candidate_count > (
                SELECT count(*) FROM ogive.candidate_log_probability_rows l
                WHERE l.sampling_id = $8 AND l.prompt_id = p.id))
            OR ($5 AND p.candidate_count > 0 AND p.candidate_count > (
                SELECT count(*) FROM ogive.candidate_reward_rows w
                WHERE w.scoring_id = $3 AND w.prompt_id = p.id)))
        ORDER BY p.position LIMIT $6
        """
    /// Where the prompts end at which `prompts` looked. $1 prompt set, $2 cursor, $3 most prompts
    /// that are looked at.
    static let scanned = """
        SELECT max(id) AS last, count(*) AS count FROM (
            SELECT id FROM ogive.prompt_rows
            WHERE prompt_set_id = $1 AND id + 0 > $2
            ORDER BY id + 0 LIMIT $3
        ) p
        """
    /// The first and the last prompt of a set; no row for an empty one. $1 prompt set.
    static let ends = """
        SELECT f.id AS first, l.id AS last
        FROM (SELECT id FROM ogive.prompt_rows WHERE prompt_set_id = $1
            ORDER BY id + 0 LIMIT 1) f,
            (SELECT id FROM ogive.prompt_rows WHERE prompt_set_id = $1
            ORDER BY id + 0 DESC LIMIT 1) l
        """
    /// $1 scoring, $2 prompts.
    static let failures = """
        SELECT f.prompt_id, f.item_kind = 'candidate' AS is_candidate, f.item_index
        FROM unnest($2::bigint[]) u(prompt_id)
        CROSS JOIN LATERAL (
            SELECT * FROM ogive.failure_rows g
            WHERE g.scoring_id = $1 AND g.prompt_id = u.prompt_id OFFSET 0
        ) f
        WHERE EXISTS (SELECT FROM ogive.failure_rows WHERE scoring_id = $1)
        """
    /// Completions that wait for a reward. $1 sampling, $2 scoring, $3 prompts, $4 most draws.
    static let unscored = """
        SELECT c.prompt_id, c.draw_index, c.text, c.raw
        FROM unnest($3::bigint[]) u(prompt_id)
        LEFT JOIN LATERAL (
            SELECT draw_indexes FROM ogive_internal.whole_tables
            WHERE scoring_id = $2 AND prompt_id = u.prompt_id OFFSET 0
        ) t ON true
        CROSS JOIN LATERAL (
            SELECT d.prompt_id, d.draw_index, d.text, d.raw FROM ogive.completion_rows d
            WHERE d.sampling_id = $1 AND d.prompt_id = u.prompt_id AND d.draw_index < $4
                AND NOT coalesce(d.draw_index = ANY(t.draw_indexes), false) OFFSET 0
        ) c
        WHERE u.prompt_id <= (
            SELECT m.prompt_id FROM ogive.completion_rows m WHERE m.sampling_id = $1
            ORDER BY m.prompt_id DESC LIMIT 1)
        """
    /// Candidates that wait for a reward. $1 scoring, $2 prompts.
    static let unscoredCandidates = """
        SELECT k.prompt_id, k.candidate_index, k.text
        FROM ogive.candidate_rows k
        WHERE k.prompt_id = ANY($2) AND NOT EXISTS (
            SELECT FROM ogive.candidate_reward_rows w
            WHERE w.scoring_id = $1 AND w.prompt_id = k.prompt_id
                AND w.candidate_index = k.candidate_index)
        ORDER BY k.prompt_id, k.candidate_index
        """
}

/// SQL on the log-probabilities of candidates: one row is the one outcome of a candidate under a
/// sampling's policy, a failure as much as a number.
enum LogProbabilityQueries {
    /// Prompts of which a candidate has no outcome. $1 prompt set, $5 sampling.
    static let pending = """
        SELECT FROM ogive.prompt_rows p
        WHERE p.prompt_set_id = $1 AND p.candidate_count > 0 AND p.candidate_count > (
            SELECT count(*) FROM ogive.candidate_log_probability_rows l
            WHERE l.sampling_id = $5 AND l.prompt_id = p.id)
        """
    /// Candidates without an outcome. $1 sampling, $2 prompts.
    static let withoutOutcome = """
        SELECT k.prompt_id, k.candidate_index, k.text
        FROM ogive.candidate_rows k
        WHERE k.prompt_id = ANY($2) AND NOT EXISTS (
            SELECT FROM ogive.candidate_log_probability_rows l
            WHERE l.sampling_id = $1 AND l.prompt_id = k.prompt_id
                AND l.candidate_index = k.candidate_index)
        ORDER BY k.prompt_id, k.candidate_index
        """
    /// Forgets failures of the run with this scoring, where it asks for log-probabilities: $1 run,
    /// $2 code, $3 stage, $4 prompt key, NULL for any.
    static let retry = """
        WITH gone AS (
            DELETE FROM ogive.candidate_log_probability_rows l
            USING ogive.runs r
            WHERE r.id = $1 AND r.candidate_log_probabilities
                AND l.sampling_id = r.sampling_id AND l.code IS NOT NULL
                AND ($2::text IS NULL OR l.code = $2)
                AND ($3::text IS NULL OR $3 = 'logprob')
                AND ($4::text IS NULL OR l.prompt_id IN (
                    SELECT p.id FROM ogive.prompt_rows p
                    JOIN ogive.samplings s ON s.prompt_set_id = p.prompt_set_id
                    WHERE s.id = r.sampling_id AND p.key = $4))
            RETURNING l.sampling_id
        ), counted AS (
            UPDATE ogive.sampling_progress a
            SET candidate_log_probability_failures = a.candidate_log_probability_failures - g.gone
            FROM (SELECT sampling_id, count(*) AS gone FROM gone GROUP BY sampling_id) g
            WHERE a.sampling_id = g.sampling_id
        )
        SELECT count(*) AS gone FROM gone
        """
    /// Candidates without a log-probability, with the failure when there is one. $1 prompt set,
    /// $2 sampling.
    static let missing = """
        SELECT p.id AS prompt_id, p.key AS prompt_key, k.candidate_index AS item_index,
            'candidate_logprob' AS item_kind, true AS has_text,
            CASE WHEN l.code IS NOT NULL THEN 'logprob' END AS stage, l.code, l.message,
            0 AS target
        FROM ogive.prompt_rows p
        JOIN ogive.candidate_rows k ON k.prompt_id = p.id
        LEFT JOIN ogive.candidate_log_probability_rows l ON l.sampling_id = $2
            AND l.prompt_id = p.id AND l.candidate_index = k.candidate_index
        WHERE p.prompt_set_id = $1 AND l.log_probability IS NULL
        ORDER BY p.id, k.candidate_index
        """
}
