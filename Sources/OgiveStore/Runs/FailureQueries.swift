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
