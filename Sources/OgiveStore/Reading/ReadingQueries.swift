internal import OgiveCore

/// SQL behind `ogive status` and `ogive query`: on the views only, as users would.
enum ReadingQueries {
    private static func bytes(_ kind: String, _ id: String) -> String {
        """
        coalesce((SELECT d.bytes FROM ogive.stored_data d
            WHERE d.kind = '\(kind)' AND d.data_id = \(id)), 0)
        """
    }
    private static let completionBytes = bytes("sampling", "v.sampling_id")
    private static let rewardBytes = bytes("scoring", "v.scoring_id")
    /// Of the run `v`.
    static let slotTime = SlotTime.query(
        """
        (SELECT t.seconds * 1000 FROM ogive.run_slot_time t WHERE t.run_id = v.run_id
            AND t.stage = g.stage AND t.waits_for = w.waits_for)
        """)

    private static let statusColumns = """
        SELECT v.run, v.state, \(completionBytes) AS completion_bytes,
            \(rewardBytes) AS reward_bytes, prompt_set, prompts, draws, target_draws, sampled,
            landed, failures, pending, target_candidates, landed_candidates, candidate_failures,
            target_log_probabilities, landed_log_probabilities, log_probability_failures, v.tokens,
            truncated, mean_reward, weight, policy, scorer, synthetic, samples, v.run_id,
            v.adopted, \(slotTime) AS slot_milliseconds,
            m.tokens AS spent_tokens, m.cost, m.estimated_tokens, m.estimated_cost,
            m.budget_tokens, m.budget_cost, n.min_draws
        FROM ogive.run_status v
        JOIN ogive.run_spending m USING (run_id)
        LEFT JOIN ogive.adaptive_runs n USING (run_id)
        """
    static let allRuns = statusColumns + " ORDER BY v.run_id"
    /// $1 most.
    static let openRuns = statusColumns + " WHERE v.state = 'open' ORDER BY v.run_id LIMIT $1"
    static let oneRun = statusColumns + " WHERE v.run = $1"
    static let pendingWork = "SELECT run, items FROM ogive.pending_work ORDER BY run_id"

    /// What no run names, with each sampling before its scorings.
    static let orphans = """
        SELECT kind, data_id, sampling_id, prompt_set, model, items, bytes,
            to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at
        FROM ogive.stored_data WHERE runs = '{}' ORDER BY sampling_id, kind, data_id
        """

    private static let table = """
        SELECT prompt_id, prompt_key, n, draws, complete, draw_indexes, draw_rewards, rewards
        FROM ogive.quantile_tables
        """
    static let tableByKey = table + " WHERE run = $1 AND prompt_key = $2"
    static let tableByID = table + " WHERE run = $1 AND prompt_id = $2"
    /// Prompts of a run's set. $1 run, $2 key.
    static let promptByKey = prompts + " AND p.prompt_key = $2"
    /// $1 run, $2 number.
    static let promptByID = prompts + " AND p.prompt_id = $2"
    /// $1 run, $2 what the key begins with, $3 most.
    static let promptsByPrefix =
        prompts + " AND starts_with(p.prompt_key, $2) ORDER BY p.prompt_id LIMIT $3"
    private static let prompts = """
        SELECT p.prompt_id, p.prompt_key
        FROM ogive.run_status r JOIN ogive.prompts p USING (prompt_set) WHERE r.run = $1
        """

    /// What is stored of a prompt's draws. $1 run, $2 prompt.
    static let completions = """
        SELECT draw_index, text, reward, quantile_reward, log_probability, token_count, truncated
        FROM ogive.scored_completions WHERE run = $1 AND prompt_id = $2 ORDER BY draw_index
        """

    /// Tables in order of prompt, for examples. $1 run, $2 cursor, $3 most.
    static let tables = table + " WHERE run = $1 AND prompt_id > $2 ORDER BY prompt_id LIMIT $3"
    static let summary = """
        SELECT count(*) AS tables, count(*) FILTER (WHERE degenerate) AS degenerate,
            count(*) FILTER (WHERE complete) AS complete
        FROM ogive.quantile_tables WHERE run = $1
        """

    /// Where the next tables may be. $1 prompt set, $2 cursor.
    static let nextPrompt = """
        SELECT prompt_id FROM ogive.prompts WHERE prompt_set = $1 AND prompt_id > $2
        ORDER BY prompt_id LIMIT 1
        """
    /// Counts over tables by the numbers of their prompts, which an index finds: to take the first
    /// ones in order would sort all others. $1 run, $2 first, $3 last.
    static let census = """
        SELECT count(*) AS tables, count(*) FILTER (WHERE degenerate) AS degenerate
        FROM ogive.quantile_tables WHERE run = $1 AND prompt_id BETWEEN $2 AND $3
        """

    static let coordinator = """
        SELECT coordinator, term, leads, counts::text AS counts,
            to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
            to_char(renewed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS renewed_at
        FROM ogive.coordinator_status
        """
    /// Draws that ended, of prompts in an order that says nothing of them. $1 sampling, $2 most
    /// draws of a prompt, $3 most draws.
    static let storedLogProbabilities = """
        SELECT p.id, p.key, p.content::text AS content, p.metadata::text AS metadata, c.text, c.raw,
            c.draw_index, c.log_probability, c.token_count
        FROM (
            SELECT q.id FROM ogive.samplings s
            JOIN ogive.prompt_rows q ON q.prompt_set_id = s.prompt_set_id
            WHERE s.id = $1 ORDER BY hashint8(q.id), q.id OFFSET 0
        ) o
        CROSS JOIN LATERAL (
            SELECT d.text, d.raw, d.draw_index, d.log_probability, d.token_count
            FROM ogive.completion_rows d
            WHERE d.sampling_id = $1 AND d.prompt_id = o.id AND d.finish_reason = 'stop'
                AND d.log_probability IS NOT NULL AND d.token_count > 0
                AND strpos(d.text, U&'\\FFFD') = 0
            ORDER BY d.draw_index LIMIT $2 OFFSET 0
        ) c
        JOIN ogive.prompt_rows p ON p.id = o.id
        LIMIT $3
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
