SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.training_rows(text, float8, text, text, text, text, float8, text);
CREATE FUNCTION ogive.training_rows(
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
    'reward. target = f(quantile reward) - beta log Z, to be met by '
    'beta log(pi_theta / pi_ref). partition_function: exact; simplified, log beta + 1/beta for '
    'identity as in QRPO''s trainer; empirical, from the table itself, for discrete rewards. '
    'mean_spread: mean_reward_spread(run) when NULL, which reads the whole run. Add '
    'WHERE prompt_id = ANY(...) for a page. A draw counts itself in its quantile reward. snapshot: '
    'one of ogive.snapshots in place of what is there now. ref_log_probability is NULL, and '
    'text_is_lossy true, of a draw whose text holds U+FFFD in the place of bytes that were no '
    'whole character.';
GRANT EXECUTE ON FUNCTION
    ogive.training_rows(text, float8, text, text, text, text, float8, text)
    TO ogive_reader, ogive_writer;

CREATE OR REPLACE FUNCTION ogive.preference_pairs(
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
        FROM ogive.run_completions d
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
        FROM ogive.run_completions d
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

CREATE OR REPLACE FUNCTION ogive.prompt_features(run text, snapshot text DEFAULT NULL)
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
        FROM ogive.run_completions s
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

-- ogive.quantile_tables has the run's own draws only: nothing is left to be cut off.
CREATE OR REPLACE FUNCTION ogive.make_snapshot(
    run text, snapshot text, made_at timestamptz, incomplete boolean DEFAULT false,
    program text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r ogive.runs%ROWTYPE;
    status ogive.run_status%ROWTYPE;
    new_id bigint := nextval('ogive.snapshot_rows_id_seq');
    counts jsonb;
    pending jsonb;
    total bytea;
BEGIN
    -- Members, counts and manifest must be of one state.
    IF current_setting('transaction_isolation') NOT IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'make_snapshot needs BEGIN ISOLATION LEVEL REPEATABLE READ'
            USING ERRCODE = 'invalid_transaction_state', HINT = 'Or use `ogive snapshot`.';
    END IF;
    SELECT * INTO r FROM ogive.runs x WHERE x.id = ogive.run_id(make_snapshot.run);
    SELECT * INTO status FROM ogive.run_status x WHERE x.run_id = r.id;
    INSERT INTO ogive.snapshot_table_rows (snapshot_id, prompt_id, draws, sha256, draw_indexes,
        draw_rewards, rewards, unscored_indexes, candidate_indexes, candidate_rewards,
        candidate_log_probabilities)
    SELECT new_id, p.id, o.draws, ogive.prompt_sha256(r.sampling_id, p.id, d.indexes, d.rewards,
            u.indexes, k.indexes, k.rewards, k.log_probabilities),
        d.indexes, d.rewards, d.sorted, u.indexes, k.indexes, k.rewards, k.log_probabilities
    FROM ogive.samplings s
    JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
    LEFT JOIN ogive.quantile_tables t ON t.run_id = r.id AND t.prompt_id = p.id
    LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = p.id
    CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) o
    CROSS JOIN LATERAL (
        SELECT coalesce(t.draw_indexes, '{}') AS indexes,
            coalesce(t.draw_rewards, '{}') AS rewards, coalesce(t.rewards, '{}') AS sorted
    ) d
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(c.draw_index ORDER BY c.draw_index), '{}') AS indexes
        FROM ogive.completion_rows c
        WHERE c.sampling_id = r.sampling_id AND c.prompt_id = p.id AND c.draw_index < o.draws
            AND ogive.reward_of_draw(d.indexes, d.rewards, c.draw_index) IS NULL
    ) u
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(w.candidate_index ORDER BY w.candidate_index), '{}') AS indexes,
            coalesce(array_agg(w.reward ORDER BY w.candidate_index), '{}') AS rewards,
            coalesce(array_agg(l.log_probability ORDER BY w.candidate_index), '{}')
                AS log_probabilities
        FROM ogive.candidate_reward_rows w
        LEFT JOIN ogive.candidate_log_probability_rows l ON l.sampling_id = r.sampling_id
            AND l.prompt_id = w.prompt_id AND l.candidate_index = w.candidate_index
        WHERE w.scoring_id = r.scoring_id AND w.prompt_id = p.id
    ) k
    WHERE s.id = r.sampling_id;

    SELECT sha256(coalesce(string_agg(m.sha256, '' ORDER BY p.key COLLATE "C"), '')),
        jsonb_build_object('prompts', count(*),
            'tables', count(*) FILTER (WHERE m.draw_indexes <> '{}'),
            'target_draws', coalesce(sum(CASE WHEN r.samples THEN m.draws
                ELSE cardinality(m.draw_indexes || m.unscored_indexes) END), 0),
            'draws', coalesce(sum(cardinality(m.draw_indexes || m.unscored_indexes)), 0),
            'rewards', coalesce(sum(cardinality(m.draw_indexes)), 0),
            'candidates', coalesce(sum(cardinality(m.candidate_indexes)), 0))
    INTO total, counts
    FROM ogive.snapshot_table_rows m
    JOIN ogive.prompt_rows p ON p.id = m.prompt_id
    WHERE m.snapshot_id = new_id;
    counts := counts || (
        SELECT jsonb_build_object(
            'failures', count(*) FILTER (WHERE f.item_kind = 'draw'),
            'candidate_failures', count(*) FILTER (WHERE f.item_kind <> 'draw'))
        FROM ogive.failures f WHERE f.run_id = r.id
    ) || (
        SELECT jsonb_build_object(
            'truncated', count(*) FILTER (WHERE c.finish_reason = 'length'),
            'tokens', coalesce(sum(c.token_count), 0))
        FROM ogive.snapshot_table_rows m
        JOIN ogive.completion_rows c ON c.sampling_id = r.sampling_id
            AND c.prompt_id = m.prompt_id AND c.draw_index < m.draws
        WHERE m.snapshot_id = new_id
    );
    pending := jsonb_build_object(
        'draws', greatest(0, (counts ->> 'target_draws')::bigint
            - (counts ->> 'rewards')::bigint - (counts ->> 'failures')::bigint),
        'candidates', greatest(0, status.target_candidates - status.landed_candidates
            - status.candidate_failures),
        'log_probabilities', greatest(0, status.target_log_probabilities
            - status.landed_log_probabilities - status.log_probability_failures));
    IF NOT incomplete AND (status.state = 'open'
        OR pending <> '{"draws": 0, "candidates": 0, "log_probabilities": 0}') THEN
        RAISE EXCEPTION 'run % is not finished: % draws, % candidates and % log-probabilities are '
            'pending', quote_literal(run), pending ->> 'draws', pending ->> 'candidates',
            pending ->> 'log_probabilities' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    INSERT INTO ogive.snapshot_rows (
        id, run_id, sampling_id, scoring_id, made_at, is_complete, name, sha256, manifest)
    OVERRIDING SYSTEM VALUE
    SELECT new_id, r.id, r.sampling_id, r.scoring_id, make_snapshot.made_at,
        status.state <> 'open' AND pending @> '{"draws": 0, "candidates": 0}'
            AND pending @> '{"log_probabilities": 0}',
        snapshot, total, jsonb_build_object(
            'run', r.name, 'snapshot', snapshot, 'sha256', encode(total, 'hex'),
            'made_at', to_char(make_snapshot.made_at AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'run_state', status.state, 'counts', counts, 'pending', pending,
            'prompt_set', status.prompt_set, 'run_spec', r.spec, 'sampling_spec', s.spec,
            'sampling_sha256', encode(s.spec_sha256, 'hex'),
            'policy_fingerprint', s.policy_fingerprint, 'scoring_spec', g.spec,
            'scoring_sha256', encode(g.spec_sha256, 'hex'),
            'scorer_fingerprint', g.scorer_fingerprint, 'ogive_version', program,
            'schema_version', (SELECT max(number) FROM ogive.migrations))
    FROM ogive.samplings s, ogive.scorings g
    WHERE s.id = r.sampling_id AND g.id = r.scoring_id;
    RETURN new_id;
END
$$;

DROP FUNCTION ogive.asked_draws(bigint, bigint);
