CREATE OR REPLACE FUNCTION ogive.training_rows(
    run text, beta float8, transform text DEFAULT 'identity', ties text DEFAULT 'right',
    source text DEFAULT 'all', partition_function text DEFAULT 'exact',
    mean_spread float8 DEFAULT NULL, snapshot text DEFAULT NULL,
    length_normalized boolean DEFAULT false, effective_beta_max float8 DEFAULT NULL,
    self text DEFAULT 'counted', seed bigint DEFAULT 0
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, item_kind text, item_index integer,
    label text, completion text, truncated boolean, reward float8, quantile_reward float8,
    standard_error float8, n integer, complete boolean, degenerate boolean,
    ref_log_probability float8, token_count integer, log_z float8, target float8,
    text_is_lossy boolean, effective_beta float8, beta_log_partition float8
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
AS $$
    SELECT t.prompt_id, t.prompt_key, p.content, i.item_kind, i.item_index, i.label, i.completion,
        i.truncated, i.reward, q.quantile_reward,
        sqrt(q.quantile_reward * (1 - q.quantile_reward) / q.n), t.n, t.complete, t.degenerate,
        i.log_probability, i.token_count, z.log_z,
        CASE WHEN transform = 'identity' THEN q.quantile_reward ELSE ogive.transform_quantile(
            q.quantile_reward, q.n, transform, s.spread) END - e.beta * z.log_z,
        i.text_is_lossy, e.beta, e.beta * z.log_z
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
        SELECT CASE WHEN ties = 'random' THEN ogive.random_quantile_reward(
                t.rewards, i.reward,
                ogive.coin(seed, t.prompt_key || ' ' || i.item_kind || ' ' || i.item_index),
                i.item_kind = 'draw')
            WHEN self = 'excluded' AND i.item_kind = 'draw'
                THEN (t.n * ogive.quantile_reward(t.rewards, i.reward, ties)
                    - CASE ties WHEN 'right' THEN 1 WHEN 'mid' THEN 0.5::float8 ELSE 0 END)
                    / nullif(t.n - 1, 0)
            ELSE ogive.quantile_reward(t.rewards, i.reward, ties) END AS quantile_reward,
            CASE WHEN self = 'excluded' AND i.item_kind = 'draw' THEN nullif(t.n - 1, 0)
                ELSE t.n END AS n
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
        -- least() would take NULL, a count that is not known, for no bound.
        SELECT CASE WHEN length_normalized THEN CASE WHEN i.token_count > 0
                THEN least(training_rows.beta / i.token_count, effective_beta_max) END
            ELSE least(training_rows.beta, effective_beta_max) END AS beta
    ) e
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN partition_function = 'empirical'
                THEN ogive.empirical_log_partition(t.rewards, e.beta, transform, s.spread)
            WHEN partition_function = 'simplified' AND transform = 'identity'
                THEN ogive.simplified_log_partition(e.beta)
            WHEN transform = 'scaled-normal-icdf'
                THEN ogive.log_partition(e.beta, transform, s.spread)
            ELSE ogive.log_partition(e.beta, transform) END AS log_z
    ) z
    WHERE t.run_id = (SELECT ogive.run_id(training_rows.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(training_rows.run, training_rows.snapshot))
        AND ogive.is_one_of('source', source, 'all', 'draws', 'candidates')
        AND ogive.is_one_of('partition_function', partition_function,
            'exact', 'simplified', 'empirical')
        AND ogive.is_one_of('ties', ties, 'right', 'mid', 'left', 'random')
        AND ogive.is_one_of('self', self, 'counted', 'excluded')
        AND ogive.is_one_of('transform', transform,
            'identity', 'log', 'normal-icdf', 'scaled-normal-icdf')
$$;

COMMENT ON FUNCTION
    ogive.training_rows(text, float8, text, text, text, text, float8, text, boolean, float8, text,
        bigint) IS
    'What QRPO trains on (arXiv 2507.08068): one row for each draw and candidate of a run with a '
    'reward. target = f(quantile reward) - beta log Z, to be met by beta log(pi_theta / pi_ref). '
    'partition_function: exact; simplified, log beta + 1/beta for identity as in QRPO''s trainer; '
    'empirical, from the table itself, for discrete rewards. mean_spread: mean_reward_spread(run) '
    'when NULL, which reads the whole run. Add WHERE prompt_id = ANY(...) for a page. A draw '
    'counts itself in its quantile reward. snapshot: one of ogive.snapshots in place of what is '
    'there now. ref_log_probability is NULL, and text_is_lossy true, of a draw whose text holds '
    'U+FFFD in the place of bytes that were no whole character. effective_beta takes the place of '
    'beta in a row: beta by the number of tokens where length_normalized, NULL where that is not '
    'known, and at most effective_beta_max (swiss-ai/posttraining, branch online-qrpo-impl). '
    'beta_log_partition: effective_beta times log_z. self: whether a draw counts itself; excluded '
    'is unbiased, and NULL in a table of one. ties: random is random_quantile_reward with a coin '
    'of seed and item, in which self makes no difference.';

GRANT EXECUTE ON FUNCTION
    ogive.training_rows(text, float8, text, text, text, text, float8, text, boolean, float8, text,
        bigint)
    TO ogive_reader, ogive_writer;
