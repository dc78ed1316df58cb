SET LOCAL ROLE ogive_owner;

CREATE VIEW ogive.run_tables AS
SELECT t.run_id, 0::bigint AS snapshot_id, t.scoring_id, t.prompt_id, t.prompt_key, t.n, t.draws,
    t.complete, t.degenerate, t.rewards, t.draw_indexes, t.draw_rewards, NULL::integer[]
        AS unscored_indexes, k.candidate_indexes, k.candidate_rewards,
    k.candidate_log_probabilities
FROM ogive.quantile_tables t
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(x.candidate_index ORDER BY x.candidate_index), '{}')
            AS candidate_indexes,
        coalesce(array_agg(x.reward ORDER BY x.candidate_index), '{}') AS candidate_rewards,
        coalesce(array_agg(x.log_probability ORDER BY x.candidate_index), '{}')
            AS candidate_log_probabilities
    FROM ogive.candidates x
    WHERE x.run_id = t.run_id AND x.prompt_id = t.prompt_id AND x.reward IS NOT NULL
) k
UNION ALL
SELECT t.run_id, t.snapshot_id, t.scoring_id, t.prompt_id, t.prompt_key, t.n, t.draws,
    t.complete, t.degenerate, t.rewards, t.draw_indexes, t.draw_rewards, t.unscored_indexes,
    t.candidate_indexes, t.candidate_rewards, t.candidate_log_probabilities
FROM ogive.snapshot_tables t
WHERE t.n > 0;
COMMENT ON VIEW ogive.run_tables IS
    'ogive.quantile_tables with the rewards of candidates, as they are now (snapshot_id 0) and as '
    'snapshots hold them: what the functions for trainers read. Name run_id and snapshot_id.';
COMMENT ON COLUMN ogive.run_tables.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.run_tables.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.run_tables.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive.run_tables.draws IS 'Number of draws that the run asked for.';
COMMENT ON COLUMN ogive.run_tables.complete IS 'Whether all of them have a reward.';
COMMENT ON COLUMN ogive.run_tables.rewards IS 'Raw rewards, sorted ascending.';
COMMENT ON COLUMN ogive.run_tables.draw_indexes IS 'Indexes of the draws with a reward, ascending.';
COMMENT ON COLUMN ogive.run_tables.draw_rewards IS 'Raw rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive.run_tables.degenerate IS
    'Whether all rewards are equal; NULL without rewards.';
COMMENT ON COLUMN ogive.run_tables.candidate_indexes IS 'Indexes of the candidates with a reward.';
COMMENT ON COLUMN ogive.run_tables.candidate_rewards IS
    'Raw rewards in the order of candidate_indexes.';
COMMENT ON COLUMN ogive.run_tables.candidate_log_probabilities IS
    'log pi_ref(y|x) in the order of candidate_indexes; NULL where there was none.';
COMMENT ON COLUMN ogive.run_tables.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_tables.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.run_tables.snapshot_id IS
    'Number of the snapshot; 0 for what is there now.';
COMMENT ON COLUMN ogive.run_tables.unscored_indexes IS
    'Indexes of the draws with a completion and no reward; NULL for what is there now.';

CREATE FUNCTION ogive.snapshot_id(run text, snapshot text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_run bigint := ogive.run_id(run);
    found_id bigint;
BEGIN
    IF snapshot IS NULL THEN
        RETURN 0;
    END IF;
    SELECT s.id INTO found_id FROM ogive.snapshot_rows s
    WHERE s.run_id = found_run AND s.name = snapshot_id.snapshot;
    IF found_id IS NULL THEN
        RAISE EXCEPTION 'run % has no snapshot named %', quote_literal(run),
            quote_literal(snapshot)
            USING ERRCODE = 'invalid_parameter_value',
            HINT = coalesce('Snapshots: ' || (
                SELECT string_agg(name, ', ' ORDER BY name)
                FROM (SELECT s.name FROM ogive.snapshot_rows s WHERE s.run_id = found_run
                    ORDER BY s.id DESC LIMIT 10) known),
                'There are none yet: `ogive snapshot RUN NAME` makes one.');
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION ogive.snapshot_id(text, text) IS
    'The number of a snapshot, 0 for NULL, which stands for what is there now; an error that names '
    'the snapshots there are when it is unknown.';

-- The functions for trainers again, each with a snapshot to read as its last parameter.
DROP FUNCTION ogive.prompt_features(text);
DROP FUNCTION ogive.value_rows(text, float8);
DROP FUNCTION ogive.preference_pairs(text, text, integer, integer, bigint);
DROP FUNCTION ogive.training_rows(text, float8, text, text, text, text, float8);
DROP FUNCTION ogive.mean_reward_spread(text);

CREATE FUNCTION ogive.mean_reward_spread(run text, snapshot text DEFAULT NULL) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT avg(ogive.reward_spread(t.rewards))
    FROM ogive.run_tables t
    WHERE t.run_id = (SELECT ogive.run_id(mean_reward_spread.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(mean_reward_spread.run, mean_reward_spread.snapshot))
$$;
COMMENT ON FUNCTION ogive.mean_reward_spread(text, text) IS
    'The mean of reward_spread over the prompts of a run or of a snapshot of it: what '
    'scaled-normal-icdf divides a prompt''s spread by (mean_std_ref_rewards of QRPO''s trainer). '
    'Reads all tables of the run.';

CREATE FUNCTION ogive.training_rows(
    run text, beta float8, transform text DEFAULT 'identity', ties text DEFAULT 'right',
    source text DEFAULT 'all', partition_function text DEFAULT 'exact',
    mean_spread float8 DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, item_kind text, item_index integer,
    label text, completion text, truncated boolean, reward float8, quantile_reward float8,
    standard_error float8, n integer, complete boolean, degenerate boolean,
    ref_log_probability float8, token_count integer, log_z float8, target float8
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
AS $$
    SELECT t.prompt_id, t.prompt_key, p.content, i.item_kind, i.item_index, i.label, i.completion,
        i.truncated, i.reward, q.quantile_reward,
        sqrt(q.quantile_reward * (1 - q.quantile_reward) / t.n), t.n, t.complete, t.degenerate,
        i.log_probability, i.token_count, z.log_z,
        CASE WHEN transform = 'identity' THEN q.quantile_reward ELSE ogive.transform_quantile(
            q.quantile_reward, t.n, transform, s.spread) END - beta * z.log_z
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    -- Prompt by prompt, so that a condition on prompt_id makes a page cheap.
    CROSS JOIN LATERAL (
        SELECT 'draw' AS item_kind, c.draw_index AS item_index, NULL::text AS label,
            c.text AS completion, c.truncated,
            ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) AS reward,
            c.log_probability, c.token_count
        FROM ogive.scored_completions c
        WHERE c.run_id = t.run_id AND c.prompt_id = t.prompt_id
            AND ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) IS NOT NULL
            AND source IN ('draws', 'all')
        UNION ALL
        SELECT 'candidate', k.candidate_index, k.label, k.text, NULL, u.reward,
            u.log_probability,
            CASE WHEN u.log_probability IS NOT NULL THEN k.token_count END
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
    'reward. target = f(quantile reward) - beta log Z, to be met by '
    'beta log(pi_theta / pi_ref). partition_function: exact; simplified, log beta + 1/beta for '
    'identity as in QRPO''s trainer; empirical, from the table itself, for discrete rewards. '
    'mean_spread: mean_reward_spread(run) when NULL, which reads the whole run. Add '
    'WHERE prompt_id = ANY(...) for a page. A draw counts itself in its quantile reward. snapshot: '
    'one of ogive.snapshots in place of what is there now.';

CREATE FUNCTION ogive.preference_pairs(
    run text, strategy text DEFAULT 'labels', k integer DEFAULT 6, pairs integer DEFAULT 1,
    seed bigint DEFAULT 0, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, pair_index integer,
    chosen text, rejected text, chosen_kind text, chosen_index integer, rejected_kind text,
    rejected_index integer, chosen_reward float8, rejected_reward float8, reward_gap float8,
    chosen_quantile_reward float8, rejected_quantile_reward float8,
    ref_chosen_log_probability float8, ref_rejected_log_probability float8, n integer,
    rewards float8[], draw_rewards float8[]
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, p.content, c.pair_index, g.text, b.text, g.kind, g.index,
        b.kind, b.index, g.reward, b.reward, g.reward - b.reward,
        ogive.quantile_reward(t.rewards, g.reward), ogive.quantile_reward(t.rewards, b.reward),
        g.log_probability, b.log_probability, t.n, t.rewards, t.draw_rewards
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(x.label ORDER BY x.candidate_index), '{}') AS labels
        FROM ogive.candidates x
        WHERE x.run_id = t.run_id AND x.prompt_id = t.prompt_id
            AND x.candidate_index = ANY (t.candidate_indexes)
    ) o
    CROSS JOIN LATERAL ogive.choose_pairs(
        strategy, t.draw_rewards, t.candidate_rewards, o.labels, k, pairs,
        seed || ' ' || t.prompt_key) c
    CROSS JOIN LATERAL (
        SELECT 'draw' AS kind, d.draw_index AS index, d.text,
            t.draw_rewards[c.chosen] AS reward, d.log_probability
        FROM ogive.scored_completions d
        WHERE d.run_id = t.run_id AND d.prompt_id = t.prompt_id
            AND d.draw_index = t.draw_indexes[c.chosen]
        UNION ALL
        SELECT 'candidate', x.candidate_index, x.text, t.candidate_rewards[c.chosen - t.n],
            t.candidate_log_probabilities[c.chosen - t.n]
        FROM ogive.candidates x
        WHERE x.run_id = t.run_id AND x.prompt_id = t.prompt_id
            AND x.candidate_index = t.candidate_indexes[c.chosen - t.n]
    ) g
    CROSS JOIN LATERAL (
        SELECT 'draw' AS kind, d.draw_index AS index, d.text,
            t.draw_rewards[c.rejected] AS reward, d.log_probability
        FROM ogive.scored_completions d
        WHERE d.run_id = t.run_id AND d.prompt_id = t.prompt_id
            AND d.draw_index = t.draw_indexes[c.rejected]
        UNION ALL
        SELECT 'candidate', x.candidate_index, x.text, t.candidate_rewards[c.rejected - t.n],
            t.candidate_log_probabilities[c.rejected - t.n]
        FROM ogive.candidates x
        WHERE x.run_id = t.run_id AND x.prompt_id = t.prompt_id
            AND x.candidate_index = t.candidate_indexes[c.rejected - t.n]
    ) b
    WHERE t.run_id = (SELECT ogive.run_id(preference_pairs.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(preference_pairs.run, preference_pairs.snapshot))
        AND ogive.is_one_of('strategy', strategy,
            'labels', 'best-worst', 'first-two', 'consecutive', 'balanced')
$$;
COMMENT ON FUNCTION ogive.preference_pairs(text, text, integer, integer, bigint, text) IS
    'Pairs for DPO and its kin, and for QRPO in pairs, by a strategy of choose_pairs; reward_gap '
    'is what REBEL regresses on (arXiv 2404.16767). The same seed gives the same pairs. snapshot: '
    'one of ogive.snapshots in place of what is there now.';

CREATE FUNCTION ogive.value_rows(run text, beta float8 DEFAULT 1, snapshot text DEFAULT NULL)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, n integer, complete boolean, value float8,
    standard_error float8, soft_value float8, minimum float8, maximum float8
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, p.content, t.n, t.complete, m.value, m.standard_error,
        ogive.soft_value(t.rewards, beta), t.rewards[1], t.rewards[t.n]
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    CROSS JOIN LATERAL ogive.mean_value(t.rewards) m
    WHERE t.run_id = (SELECT ogive.run_id(value_rows.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(value_rows.run, value_rows.snapshot))
$$;
COMMENT ON FUNCTION ogive.value_rows(text, float8, text) IS
    'Targets for value models: the mean reward of each prompt with its standard error (of a '
    'partial assistant turn the value of that prefix, as in VinePPO, arXiv 2410.01679), and '
    'beta log mean exp(reward / beta) (A*-PO, arXiv 2505.20686).';

CREATE FUNCTION ogive.prompt_features(run text, snapshot text DEFAULT NULL)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, n integer, mean float8, spread float8, skewness float8,
    kurtosis float8, minimum float8, p05 float8, p10 float8, p25 float8, p50 float8, p75 float8,
    p90 float8, p95 float8, maximum float8, effective_count float8, draws bigint,
    mean_tokens float8, spread_tokens float8, truncated_share float8, mean_log_probability float8,
    prompt_characters bigint, candidates integer
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, t.n, m.mean, ogive.reward_spread(t.rewards), m.skewness,
        m.kurtosis, t.rewards[1], ogive.quantile(t.rewards, 0.05), ogive.quantile(t.rewards, 0.1),
        ogive.quantile(t.rewards, 0.25), ogive.quantile(t.rewards, 0.5),
        ogive.quantile(t.rewards, 0.75), ogive.quantile(t.rewards, 0.9),
        ogive.quantile(t.rewards, 0.95), t.rewards[t.n], ogive.effective_count(t.rewards),
        c.draws, c.mean_tokens, c.spread_tokens, c.truncated_share, c.mean_log_probability,
        w.characters, p.candidates
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    CROSS JOIN LATERAL (
        -- PostgreSQL refuses powers that are too small: such terms add nothing.
        SELECT a.mean, avg(CASE WHEN abs(z.score) < 1e-50 THEN 0 ELSE power(z.score, 3) END)
                AS skewness,
            avg(CASE WHEN abs(z.score) < 1e-50 THEN 0 ELSE power(z.score, 4) END) - 3 AS kurtosis
        FROM (SELECT avg(x) AS mean, stddev_pop(x) AS spread FROM unnest(t.rewards) y(x)) a,
            unnest(t.rewards) u(reward),
            LATERAL (SELECT CASE WHEN NOT t.degenerate
                THEN (u.reward - a.mean) / nullif(a.spread, 0) END) z(score)
        GROUP BY a.mean
    ) m
    CROSS JOIN LATERAL (
        SELECT count(*) AS draws, avg(s.token_count)::float8 AS mean_tokens,
            stddev_samp(s.token_count)::float8 AS spread_tokens,
            avg(s.truncated::integer)::float8 AS truncated_share,
            avg(s.log_probability) AS mean_log_probability
        FROM ogive.scored_completions s
        WHERE s.run_id = t.run_id AND s.prompt_id = t.prompt_id
            AND (t.unscored_indexes IS NULL
                OR s.draw_index = ANY (t.draw_indexes || t.unscored_indexes))
    ) c
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.content ? 'text' THEN length(p.content ->> 'text')::bigint
            ELSE (SELECT sum(length(e.turn ->> 'content'))
                FROM jsonb_array_elements(p.content -> 'messages') e(turn)) END AS characters
    ) w
    WHERE t.run_id = (SELECT ogive.run_id(prompt_features.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(prompt_features.run, prompt_features.snapshot))
$$;
COMMENT ON FUNCTION ogive.prompt_features(text, text) IS
    'Numbers about each prompt in columns of fixed width: moments of its rewards (spread with '
    'n - 1, skewness and excess kurtosis with n in the denominator, NULL when all are equal), a '
    'grid of quantiles, lengths in tokens, the share of truncated draws, log-probabilities.';

GRANT SELECT ON ogive.run_tables TO ogive_reader, ogive_writer;
GRANT EXECUTE ON FUNCTION
    ogive.snapshot_id(text, text),
    ogive.mean_reward_spread(text, text),
    ogive.training_rows(text, float8, text, text, text, text, float8, text),
    ogive.preference_pairs(text, text, integer, integer, bigint, text),
    ogive.value_rows(text, float8, text),
    ogive.prompt_features(text, text)
    TO ogive_reader, ogive_writer;
