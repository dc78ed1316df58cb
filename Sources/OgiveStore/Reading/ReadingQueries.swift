/// SQL behind `ogive status` and `ogive query`: on the views only, as users would.
enum ReadingQueries {
    private static let statusColumns = """
        SELECT v.run, v.state, prompt_set, prompts, draws, target_draws, sampled, landed, failures,
            pending, target_candidates, landed_candidates, candidate_failures,
            target_log_probabilities, landed_log_probabilities, log_probability_failures, v.tokens,
            truncated, mean_reward, weight, policy, scorer, synthetic, samples, v.run_id,
            m.tokens AS spent_tokens, m.cost, m.estimated_tokens, m.estimated_cost,
            m.budget_tokens, m.budget_cost, n.min_draws
        FROM ogive.run_status v
        JOIN ogive.run_spending m USING (run_id)
        LEFT JOIN ogive.adaptive_runs n USING (run_id)
        """
    static let allRuns = statusColumns + " ORDER BY v.run_id"
    static let oneRun = statusColumns + " WHERE v.run = $1"

    private static let table = """
        SELECT prompt_id, prompt_key, n, draws, complete, draw_indexes, draw_rewards, rewards
        FROM ogive.quantile_tables
        """
    static let tableByKey = table + " WHERE run = $1 AND prompt_key = $2"
    static let tableByID = table + " WHERE run = $1 AND prompt_id = $2"
    /// Tables in order of prompt, for examples. $1 run, $2 cursor, $3 most.
    static let tables = table + " WHERE run = $1 AND prompt_id > $2 ORDER BY prompt_id LIMIT $3"
    static let summary = """
        SELECT count(*) AS tables, count(*) FILTER (WHERE degenerate) AS degenerate,
            count(*) FILTER (WHERE complete) AS complete
        FROM ogive.quantile_tables WHERE run = $1
        """

    static let coordinator = """
        SELECT coordinator, term, leads, counts::text AS counts,
            to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
            to_char(renewed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS renewed_at
        FROM ogive.coordinator_status
        """
    /// $1 sampling, $2 most completions of a prompt, $3 most completions.
    static let storedDraws = """
        SELECT p.id, p.key, p.content::text AS content, p.metadata::text AS metadata, c.text, c.raw
        FROM ogive.samplings s
        JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
        CROSS JOIN LATERAL (
            SELECT d.text, d.raw, d.draw_index FROM ogive.completion_rows d
            WHERE d.sampling_id = $1 AND d.prompt_id = p.id
            ORDER BY d.draw_index LIMIT $2 OFFSET 0
        ) c
        WHERE s.id = $1
        ORDER BY p.id, c.draw_index
        LIMIT $3
        """
}
