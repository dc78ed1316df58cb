/// SQL on `ogive.runs`, and on the fingerprints of its samplings and scorings.
enum RunQueries {
    private static let description = """
        SELECT r.id, r.sampling_id, r.scoring_id, r.spec::text AS spec,
            s.policy_fingerprint::text AS policy, g.scorer_fingerprint::text AS scorer,
            coalesce(m.policy_input, 0) AS policy_input,
            coalesce(m.policy_output, 0) AS policy_output,
            coalesce(m.scorer_input, 0) AS scorer_input,
            coalesce(m.scorer_output, 0) AS scorer_output
        FROM ogive.runs r
        JOIN ogive.samplings s ON s.id = r.sampling_id
        JOIN ogive.scorings g ON g.id = r.scoring_id
        LEFT JOIN ogive.run_spending_rows m ON m.run_id = r.id
        """
    static let open = description + " WHERE r.state = 'open' ORDER BY r.id"
    static let byName = description + " WHERE r.name = $1"
    static let byID = description + " WHERE r.id = $1"

    static let bindPolicy = """
        UPDATE ogive.samplings s
        SET policy_fingerprint = coalesce(s.policy_fingerprint, $2::jsonb)
        FROM ogive.runs r
        WHERE r.id = $1 AND s.id = r.sampling_id
        RETURNING s.policy_fingerprint::text AS facts
        """
    static let bindScorer = """
        UPDATE ogive.scorings g
        SET scorer_fingerprint = coalesce(g.scorer_fingerprint, $2::jsonb)
        FROM ogive.runs r
        WHERE r.id = $1 AND g.id = r.scoring_id
        RETURNING g.scorer_fingerprint::text AS facts
        """

    /// Rewards and failures of an item exclude each other, so counting the failures of a prompt
    /// says whether something is left of it. OFFSET 0 makes one look-up a prompt: without
    /// statistics the planner would compare each prompt with each table.
    private static let draws = """
        SELECT FROM ogive.prompt_rows p
        LEFT JOIN LATERAL (
            SELECT draws FROM ogive.prompt_target_rows
            WHERE run_id = $8 AND prompt_id = p.id OFFSET 0
        ) g ON true
        CROSS JOIN LATERAL (SELECT coalesce(g.draws, $3::integer) AS draws) n
        LEFT JOIN LATERAL (
            SELECT prompt_id, complete_to, draw_indexes FROM ogive_internal.whole_tables
            WHERE scoring_id = $2 AND prompt_id = p.id OFFSET 0
        ) t ON true
        WHERE p.prompt_set_id = $1 AND (t.prompt_id IS NULL OR t.complete_to < n.draws)
            AND n.draws - coalesce(width_bucket(n.draws - 1, t.draw_indexes), 0) > (
                SELECT count(*) FROM ogive.failure_rows f
                WHERE f.scoring_id = $2 AND f.prompt_id = p.id AND f.item_kind = 'draw'
                    AND f.item_index < n.draws)
        """
    /// Draws of a run that samples nothing: completions that are there and have neither a reward
    /// nor a failure. $5 sampling.
    private static let stored = """
        SELECT FROM ogive.prompt_rows p
        LEFT JOIN LATERAL (
            SELECT prompt_id, complete_to, draw_indexes FROM ogive_internal.whole_tables
            WHERE scoring_id = $2 AND prompt_id = p.id OFFSET 0
        ) t ON true
        WHERE p.prompt_set_id = $1 AND (t.prompt_id IS NULL OR t.complete_to < $3::integer)
            AND EXISTS (
                SELECT FROM ogive.completion_rows c
                LEFT JOIN ogive.failure_rows f ON f.scoring_id = $2 AND f.prompt_id = p.id
                    AND f.item_kind = 'draw' AND f.item_index = c.draw_index
                WHERE c.sampling_id = $5 AND c.prompt_id = p.id AND c.draw_index < $3::integer
                    AND f.prompt_id IS NULL
                    AND NOT coalesce(c.draw_index = ANY(t.draw_indexes), false) OFFSET 0)
        """
    private static let candidates = """
        SELECT FROM ogive.prompt_rows p
        WHERE p.prompt_set_id = $1 AND p.candidate_count > 0 AND p.candidate_count > (
            SELECT count(*) FROM ogive.candidate_reward_rows w
            WHERE w.scoring_id = $2 AND w.prompt_id = p.id) + (
            SELECT count(*) FROM ogive.failure_rows f
            WHERE f.scoring_id = $2 AND f.prompt_id = p.id AND f.item_kind = 'candidate')
        """
    /// $1 prompt set, $2 scoring, $3 draws of prompts without a target of their own, $4 whether
    /// candidates are scored, $5 sampling, $6 whether missing draws are sampled, $7 whether
    /// log-probabilities of candidates are asked for, $8 run.
    static let isPending = """
        SELECT CASE WHEN $6::boolean THEN EXISTS (\(draws)) ELSE EXISTS (\(stored)) END
            OR ($4::boolean AND EXISTS (\(candidates)))
            OR ($7::boolean AND EXISTS (\(LogProbabilityQueries.pending))) AS is_pending
        """
    /// Whether the counters that landing keeps show that nothing of a run is pending. They count
    /// each reward and each failure once, so that as many as there are draws are all of them, if
    /// nobody ever asked for a draw that this run does not ask for. What they do not show (an
    /// adaptive run, a run beside one that asks for more, a re-scoring) the rows do. $1 run.
    static let isCountedDone = """
        SELECT r.samples AND r.min_draws IS NULL AND r.draws >= s.draws_max
            AND r.draws >= ALL (SELECT o.draws FROM ogive.runs o
                WHERE o.sampling_id = r.sampling_id)
            AND b.rewards + b.draw_failures = e.prompts * r.draws
            AND (NOT r.scores_candidates
                OR b.candidate_rewards + b.candidate_failures = e.candidates)
            AND (NOT r.candidate_log_probabilities OR a.candidate_log_probabilities
                + a.candidate_log_probability_failures = e.candidates) AS is_done
        FROM ogive.runs r
        JOIN ogive.samplings s ON s.id = r.sampling_id
        JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
        JOIN ogive.sampling_progress a ON a.sampling_id = r.sampling_id
        JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id
        WHERE r.id = $1
        """
    /// Whether a candidate of a run is pending, from the counters that landing keeps. $1 run.
    static let candidatesArePending = """
        SELECT (r.scores_candidates
                AND b.candidate_rewards + b.candidate_failures < e.candidates)
            OR (r.candidate_log_probabilities AND a.candidate_log_probabilities
                + a.candidate_log_probability_failures < e.candidates) AS are_pending
        FROM ogive.runs r
        JOIN ogive.samplings s ON s.id = r.sampling_id
        JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
        JOIN ogive.sampling_progress a ON a.sampling_id = r.sampling_id
        JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id
        WHERE r.id = $1
        """
    /// The parameters of `isPending`, and all numbers of draws that runs of the scoring ask for of
    /// every prompt, or did before.
    static let extent = """
        SELECT s.prompt_set_id, r.sampling_id, r.scoring_id, r.draws, r.min_draws,
            r.scores_candidates, r.candidate_log_probabilities, r.samples, r.state,
            s.spec #>> '{policy,adopted,sha256}' AS adopted_file,
            s.spec #>> '{policy,model}' AS policy_model,
            r.spec #>> '{scoring,scorer,kind}' = 'adopted' AS adopts,
            ARRAY(SELECT unnest(o.former_draws || coalesce(o.min_draws, o.draws))
                FROM ogive.runs o WHERE o.scoring_id = r.scoring_id) AS asked_draws
        FROM ogive.runs r
        JOIN ogive.samplings s ON s.id = r.sampling_id
        WHERE r.id = $1
        """
    static let finish = """
        UPDATE ogive.runs
        SET state = 'finished', finished_at = to_timestamp($2::float8 / 1000000)
        WHERE id = $1 AND state <> 'finished'
        """
    static let analyzeNewTables = "SELECT ogive_internal.analyze_new_tables()"
    /// Stops an open run whose budget is spent.
    static let stop = "UPDATE ogive.runs SET state = 'budget' WHERE id = $1 AND state = 'open'"
    /// Closes an open run as it is. $1 run.
    static let cancel = "UPDATE ogive.runs SET state = 'cancelled' WHERE id = $1 AND state = 'open'"
    static let reopen = """
        UPDATE ogive.runs SET state = 'open', finished_at = NULL WHERE id = $1
        """
}
