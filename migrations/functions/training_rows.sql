CREATE OR REPLACE FUNCTION ogive.training_rows(
    run text, beta float8, transform text DEFAULT 'identity', ties text DEFAULT 'right',
    source text DEFAULT 'all', partition_function text DEFAULT 'exact',
    mean_spread float8 DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, item_kind text, item_index integer,
    label text, completion text, truncated boolean, reward float8, quantile_reward float8,
    standard_error float8, n integer, complete boolean, degenerate boolean,
    ref_log_probability float8, token_count integer, log_z float8, target float8,
    text_is_lossy boolean
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
AS $$
    SELECT t.prompt_id, t.prompt_key, p.content, i.item_kind, i.item_index, i.label, i.completion,
        i.truncated, i.reward, q.quantile_reward,
        sqrt(q.quantile_reward * (1 - q.quantile_reward) / t.n), t.n, t.complete, t.degenerate,
        i.log_probability, i.token_count, z.log_z,
        CASE WHEN transform = 'identity' THEN q.quantile_reward ELSE ogive.transform_quantile(
            q.quantile_reward, t.n, transform, s.spread) END - beta * z.log_z,
        i.text_is_lossy
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    -- Prompt by prompt, so that a condition on prompt_id makes a page cheap.
    CROSS JOIN LATERAL (
        SELECT 'draw' AS item_kind, c.draw_index AS item_index, NULL::text AS label,
            c.text AS completion, c.truncated,
            ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) AS reward,
            c.log_probability, c.token_count, c.text_is_lossy
        FROM ogive.run_completions c
        WHERE c.run_id = t.run_id AND c.prompt_id = t.prompt_id
            AND ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) IS NOT NULL
            AND source IN ('draws', 'all')
        UNION ALL
        SELECT 'candidate', k.candidate_index, k.label, k.text, NULL, u.reward,
            u.log_probability,
            CASE WHEN u.log_probability IS NOT NULL THEN k.token_count END, false
        FROM unnest(t.candidate_indexes, t.candidate_rewards, t.candidate_log_probabilities)
            u(index, reward, log_probability)
        JOIN ogive.candidates k ON k.run_id = t.run_id AND k.prompt_id = t.prompt_id
            AND k.candidate_index = u.index
        WHERE source IN ('candidates', 'all')
    ) i
    CROSS JOIN LATERAL (
        SELECT ogive.quantile_reward(t.rewards, i.reward, ties) AS quantile_reward
    ) q
    CROSS JOIN LATERAL (
        SELECT CASE WHEN transform = 'scaled-normal-icdf' THEN
            ogive.reward_spread(t.rewards)
                / nullif(
                    coalesce(mean_spread, (SELECT ogive.mean_reward_spread(
                    training_rows.run, training_rows.snapshot))), 0)
            ELSE 1 END AS spread
    ) s
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN partition_function = 'empirical'
                THEN ogive.empirical_log_partition(t.rewards, beta, transform, s.spread)
            WHEN partition_function = 'simplified' AND transform = 'identity'
                THEN ogive.simplified_log_partition(beta)
            WHEN transform = 'scaled-normal-icdf'
                THEN ogive.log_partition(beta, transform, s.spread)
            ELSE ogive.log_partition(beta, transform) END AS log_z
    ) z
    WHERE t.run_id = (SELECT ogive.run_id(training_rows.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(training_rows.run, training_rows.snapshot))
        AND ogive.is_one_of('source', source, 'all', 'draws', 'candidates')
        AND ogive.is_one_of('partition_function', partition_function,
            'exact', 'simplified', 'empirical')
        AND ogive.is_one_of('ties', ties, 'right', 'mid', 'left')
        AND ogive.is_one_of('transform', transform,
            'identity', 'log', 'normal-icdf', 'scaled-normal-icdf')
$$;

COMMENT ON FUNCTION ogive.training_rows(text, float8, text, text, text, text, float8, text) IS
    'What QRPO trains on (arXiv 2507.08068): one row for each draw and candidate of a run with a '
    'reward. target = f(quantile reward) - beta log Z, to be met by beta log(pi_theta / pi_ref). '
    'partition_function: exact; simplified, log beta + 1/beta for identity as in QRPO''s trainer; '
    'empirical, from the table itself, for discrete rewards. mean_spread: mean_reward_spread(run) '
    'when NULL, which reads the whole run. Add WHERE prompt_id = ANY(...) for a page. A draw '
    'counts itself in its quantile reward. snapshot: one of ogive.snapshots in place of what is '
    'there now. ref_log_probability is NULL, and text_is_lossy true, of a draw whose text holds '
    'U+FFFD in the place of bytes that were no whole character.';

GRANT EXECUTE ON FUNCTION ogive.training_rows(text, float8, text, text, text, text, float8, text)
    TO ogive_reader, ogive_writer;
