SET LOCAL ROLE ogive_owner;

CREATE TABLE ogive_internal.quantile_table_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    n integer NOT NULL,
    complete_to integer NOT NULL,
    updated_at timestamptz NOT NULL,
    draw_indexes integer[] NOT NULL,
    draw_rewards float8[] NOT NULL,
    rewards float8[] NOT NULL,
    CONSTRAINT quantile_table_rows_pkey PRIMARY KEY (scoring_id, prompt_id),
    CONSTRAINT quantile_table_rows_lengths CHECK (
        n > 0 AND cardinality(draw_indexes) = n AND cardinality(draw_rewards) = n
        AND cardinality(rewards) = n),
    CONSTRAINT quantile_table_rows_complete_to CHECK (
        complete_to BETWEEN 0 AND n
        AND (complete_to = 0 OR draw_indexes[complete_to] = complete_to - 1)),
    -- NaN sorts above infinity, so this refuses all three.
    CONSTRAINT quantile_table_rows_finite CHECK (
        '-Infinity' < ALL (draw_rewards) AND 'Infinity' > ALL (draw_rewards)
        AND '-Infinity' < ALL (rewards) AND 'Infinity' > ALL (rewards)),
    CONSTRAINT quantile_table_rows_no_nulls CHECK (
        array_position(draw_indexes, NULL) IS NULL
        AND array_position(draw_rewards, NULL) IS NULL AND array_position(rewards, NULL) IS NULL)
) PARTITION BY LIST (scoring_id);
COMMENT ON TABLE ogive_internal.quantile_table_rows IS
    'The rewards of a prompt''s draws, one partition a scoring: by ascending draw index in '
    'draw_indexes and draw_rewards, sorted in rewards. Draws 0 to complete_to - 1 are all there. '
    'Behind the view ogive.quantile_tables.';
CREATE TABLE ogive_internal.candidate_reward_rows (LIKE ogive.candidate_reward_rows INCLUDING ALL)
    PARTITION BY LIST (scoring_id);
COMMENT ON TABLE ogive_internal.candidate_reward_rows IS
    'The rewards of candidates, one partition a scoring.';
CREATE TABLE ogive_internal.reward_part_rows (LIKE ogive.reward_part_rows INCLUDING ALL)
    PARTITION BY LIST (scoring_id);
COMMENT ON TABLE ogive_internal.reward_part_rows IS
    'The raw rewards of the parts of a weighted scorer, in the order of its specification, one row '
    'for each rewarded item, one partition a scoring. Behind the view ogive.reward_parts.';
CREATE TABLE ogive_internal.candidate_log_probability_rows
    (LIKE ogive.candidate_log_probability_rows INCLUDING ALL)
    PARTITION BY LIST (sampling_id);
COMMENT ON TABLE ogive_internal.candidate_log_probability_rows IS
    'What the policy said of candidates, one partition a sampling: the log-probability, or why '
    'there is none (code, message, attempts). The first outcome stays; a failure until a person '
    'asks for a retry. Behind ogive.candidates and ogive.failures.';

DO $$
DECLARE
    owner bigint;
    name text;
BEGIN
    FOR owner IN SELECT id FROM ogive.scorings LOOP
        FOREACH name IN ARRAY ARRAY[
            'quantile_table_rows', 'candidate_reward_rows', 'reward_part_rows'] LOOP
            EXECUTE format('CREATE TABLE ogive.%I PARTITION OF ogive_internal.%I '
                'FOR VALUES IN (%s)', name || '_' || owner, name, owner);
            EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', name || '_' || owner,
                'Rewards of scoring ' || owner || '.');
        END LOOP;
    END LOOP;
    FOR owner IN SELECT id FROM ogive.samplings LOOP
        name := 'candidate_log_probability_rows_' || owner;
        EXECUTE format('CREATE TABLE ogive.%I PARTITION OF '
            'ogive_internal.candidate_log_probability_rows FOR VALUES IN (%s)', name, owner);
        EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', name,
            'Of sampling ' || owner || ': see ogive.candidate_log_probability_rows.');
    END LOOP;
END
$$;
INSERT INTO ogive_internal.quantile_table_rows (scoring_id, prompt_id, n, complete_to, updated_at,
    draw_indexes, draw_rewards, rewards)
SELECT scoring_id, prompt_id, n, complete_to, updated_at, draw_indexes, draw_rewards, rewards
FROM ogive_internal.whole_tables;
INSERT INTO ogive_internal.candidate_reward_rows SELECT * FROM ogive.candidate_reward_rows;
INSERT INTO ogive_internal.reward_part_rows SELECT * FROM ogive.reward_part_rows;
INSERT INTO ogive_internal.candidate_log_probability_rows
    SELECT * FROM ogive.candidate_log_probability_rows;

CREATE OR REPLACE VIEW ogive.quantile_tables AS
SELECT r.name AS run, p.key AS prompt_key, t.prompt_id, o.n, a.draws,
    t.complete_to >= a.draws AS complete,
    CASE WHEN o.n = t.n THEN t.rewards
        ELSE ogive.first_rewards(t.draw_indexes, t.draw_rewards, a.draws) END AS rewards,
    CASE WHEN o.n = t.n THEN t.draw_indexes ELSE t.draw_indexes[1:o.n] END AS draw_indexes,
    CASE WHEN o.n = t.n THEN t.draw_rewards ELSE t.draw_rewards[1:o.n] END AS draw_rewards,
    CASE WHEN o.n = t.n THEN t.rewards[1] = t.rewards[t.n]
        ELSE t.draw_rewards[1] = ALL (t.draw_rewards[1:o.n]) END AS degenerate,
    t.updated_at, r.id AS run_id, t.scoring_id
FROM ogive.runs r
JOIN ogive_internal.quantile_table_rows t ON t.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = t.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = t.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE width_bucket(a.draws - 1, t.draw_indexes) END AS n
) o
WHERE o.n > 0;

CREATE OR REPLACE VIEW ogive.run_completions AS
SELECT r.name AS run, p.key AS prompt_key, c.prompt_id, c.draw_index, c.text,
    ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) AS reward,
    CASE WHEN o.n = t.n THEN ogive.quantile_reward(t.rewards,
            ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index))
        ELSE ogive.quantile_reward(
            ogive.first_rewards(t.draw_indexes, t.draw_rewards, a.draws),
            ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index))
        END AS quantile_reward,
    CASE WHEN NOT l.text_is_lossy THEN c.log_probability END AS log_probability,
    c.token_count, c.finish_reason, c.finish_reason = 'length' AS truncated,
    c.seed, c.worker, c.sample_ms, c.landed_at, c.raw, r.id AS run_id, c.sampling_id, r.scoring_id,
    c.token_ids, c.token_log_probabilities, l.text_is_lossy,
    c.log_probability AS sampled_log_probability
FROM ogive.runs r
JOIN ogive.completion_rows c ON c.sampling_id = r.sampling_id
JOIN ogive.prompt_rows p ON p.id = c.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = c.prompt_id
LEFT JOIN ogive_internal.quantile_table_rows t ON t.scoring_id = r.scoring_id
    AND t.prompt_id = c.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE width_bucket(a.draws - 1, t.draw_indexes) END AS n
) o
CROSS JOIN LATERAL (
    SELECT CASE WHEN c.raw IS NULL THEN strpos(c.text, U&'\FFFD') > 0
        ELSE position('\xefbfbd'::bytea IN c.raw) > 0 END AS text_is_lossy
) l
WHERE c.draw_index < a.draws;

CREATE OR REPLACE VIEW ogive.candidates AS
SELECT r.name AS run, p.key AS prompt_key, k.prompt_id, k.candidate_index, k.label, k.text,
    k.metadata, w.reward,
    CASE WHEN o.n = t.n THEN ogive.quantile_reward(t.rewards, w.reward)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(t.draw_indexes, t.draw_rewards, a.draws), w.reward)
        END AS quantile_reward,
    r.id AS run_id, r.scoring_id,
    l.log_probability, l.token_count, l.token_ids, l.token_log_probabilities
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
JOIN ogive.candidate_rows k ON k.prompt_id = p.id
LEFT JOIN ogive_internal.candidate_reward_rows w
    ON w.scoring_id = r.scoring_id AND w.prompt_id = k.prompt_id
    AND w.candidate_index = k.candidate_index
LEFT JOIN ogive_internal.quantile_table_rows t ON t.scoring_id = r.scoring_id
    AND t.prompt_id = k.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = k.prompt_id
LEFT JOIN ogive_internal.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND l.prompt_id = k.prompt_id
    AND l.candidate_index = k.candidate_index
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE width_bucket(a.draws - 1, t.draw_indexes) END AS n
) o;

CREATE OR REPLACE VIEW ogive.candidate_rewards AS
SELECT r.name AS run, w.prompt_id, w.candidate_index, w.reward,
    CASE WHEN o.n = t.n THEN ogive.quantile_reward(t.rewards, w.reward)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(t.draw_indexes, t.draw_rewards, a.draws), w.reward)
        END AS quantile_reward,
    nullif(o.n, 0) AS n, r.id AS run_id, r.scoring_id
FROM ogive.runs r
JOIN ogive_internal.candidate_reward_rows w ON w.scoring_id = r.scoring_id
LEFT JOIN ogive_internal.quantile_table_rows t ON t.scoring_id = w.scoring_id
    AND t.prompt_id = w.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = w.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE width_bucket(a.draws - 1, t.draw_indexes) END AS n
) o;

CREATE OR REPLACE VIEW ogive.failures AS
SELECT r.name AS run, p.key AS prompt_key, f.prompt_id, f.item_kind, f.item_index, f.stage,
    f.code, f.message, f.attempts, f.worker, f.failed_at, r.id AS run_id, f.scoring_id
FROM ogive.runs r
JOIN ogive.failure_rows f ON f.scoring_id = r.scoring_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = f.prompt_id
JOIN ogive.prompt_rows p ON p.id = f.prompt_id
WHERE CASE f.item_kind WHEN 'draw' THEN f.item_index < coalesce(g.draws, r.min_draws, r.draws)
    ELSE r.scores_candidates END
UNION ALL
SELECT r.name, p.key, l.prompt_id, 'candidate_logprob', l.candidate_index, 'logprob',
    l.code, l.message, l.attempts, l.worker, l.landed_at, r.id, r.scoring_id
FROM ogive.runs r
JOIN ogive_internal.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND r.candidate_log_probabilities AND l.code IS NOT NULL
JOIN ogive.prompt_rows p ON p.id = l.prompt_id;

CREATE OR REPLACE VIEW ogive.reward_parts AS
SELECT r.name AS run, p.key AS prompt_key, w.prompt_id, w.item_kind, w.item_index,
    d.part ->> 'name' AS part, (d.part ->> 'weight')::float8 AS weight,
    w.parts[d.number] AS reward, d.number::integer - 1 AS part_index, r.id AS run_id, w.scoring_id
FROM ogive.runs r
JOIN ogive.scorings g ON g.id = r.scoring_id
CROSS JOIN LATERAL jsonb_array_elements(g.spec #> '{scorer,parts}')
    WITH ORDINALITY d(part, number)
JOIN ogive_internal.reward_part_rows w ON w.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = w.prompt_id
LEFT JOIN ogive.prompt_target_rows x ON x.run_id = r.id AND x.prompt_id = w.prompt_id
WHERE w.item_kind <> 'draw' OR w.item_index < coalesce(x.draws, r.min_draws, r.draws);

CREATE OR REPLACE VIEW ogive.prompt_targets AS
SELECT r.name AS run, p.key AS prompt_key, p.id AS prompt_id,
    coalesce(r.min_draws, r.draws) AS min_draws, x.draws, r.draws AS max_draws,
    coalesce(g.raises, 0) AS raises, coalesce(cardinality(x.rewards), 0) AS n,
    (SELECT max(sqrt(q.share * (1 - q.share) / cardinality(x.rewards)))
        FROM ogive_internal.candidate_reward_rows k
        CROSS JOIN LATERAL (
            SELECT ogive.smoothed_quantile_reward(x.rewards, k.reward) AS share) q
        WHERE k.scoring_id = r.scoring_id AND k.prompt_id = p.id
            AND cardinality(x.rewards) > 0) AS standard_error,
    r.id AS run_id, r.scoring_id
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = p.id
LEFT JOIN ogive_internal.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = p.id
CROSS JOIN LATERAL (
    SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws, ogive.first_rewards(
        t.draw_indexes, t.draw_rewards, coalesce(g.draws, r.min_draws, r.draws)) AS rewards
) x;

CREATE OR REPLACE VIEW ogive.run_status AS
SELECT r.name AS run, r.state, e.name AS prompt_set, e.prompts, r.draws, x.target_draws,
    y.sampled, y.landed, y.failures,
    greatest(0, x.target_draws - y.rewards - y.failures) AS pending,
    CASE WHEN r.scores_candidates THEN e.candidates ELSE 0 END AS target_candidates,
    b.candidate_rewards AS landed_candidates, b.candidate_failures,
    CASE WHEN w.is_mixed THEN (
        SELECT coalesce(sum(c.token_count), 0) FROM ogive.completion_rows c
        LEFT JOIN ogive.prompt_target_rows t ON t.run_id = r.id AND t.prompt_id = c.prompt_id
        WHERE c.sampling_id = r.sampling_id
            AND c.draw_index < coalesce(t.draws, r.min_draws, r.draws))
        ELSE a.tokens END AS tokens,
    CASE WHEN w.is_mixed THEN (
        SELECT count(*) FROM ogive.completion_rows c
        LEFT JOIN ogive.prompt_target_rows t ON t.run_id = r.id AND t.prompt_id = c.prompt_id
        WHERE c.sampling_id = r.sampling_id AND c.finish_reason = 'length'
            AND c.draw_index < coalesce(t.draws, r.min_draws, r.draws))
        ELSE a.truncated END AS truncated,
    CASE WHEN w.is_mixed THEN (
        SELECT avg(u.reward) FROM ogive.quantile_tables q
        CROSS JOIN LATERAL unnest(q.draw_rewards) u(reward) WHERE q.run_id = r.id)
        ELSE (b.reward_sum / nullif(b.rewards, 0))::float8 END AS mean_reward,
    r.weight, r.submitted_at,
    r.finished_at, s.spec #>> '{policy,model}' AS policy, g.spec #>> '{scorer,model}' AS scorer,
    s.spec #>> '{policy,kind}' = 'synthetic' OR g.spec #>> '{scorer,kind}' = 'synthetic'
        AS synthetic,
    r.id AS run_id, r.sampling_id, r.scoring_id,
    CASE WHEN r.candidate_log_probabilities THEN e.candidates ELSE 0 END
        AS target_log_probabilities,
    a.candidate_log_probabilities AS landed_log_probabilities,
    a.candidate_log_probability_failures AS log_probability_failures, r.samples
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.scorings g ON g.id = r.scoring_id
JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
JOIN ogive.sampling_progress a ON a.sampling_id = r.sampling_id
JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id
CROSS JOIN LATERAL (
    SELECT e.prompts * coalesce(r.min_draws, r.draws) + r.raised_draws AS asked_for,
        -- Whether the counters, which are of all draws, may count some that are not the run's:
        -- then rows are counted.
        s.draws_max > r.draws OR r.samples AND EXISTS (SELECT FROM ogive.runs o
            WHERE o.sampling_id = r.sampling_id AND o.id <> r.id AND o.samples
                AND (o.min_draws IS NOT NULL OR r.min_draws IS NOT NULL)) AS is_mixed
) w
CROSS JOIN LATERAL (
    SELECT CASE WHEN w.is_mixed THEN (
            SELECT count(*) FROM ogive.completion_rows c
            LEFT JOIN ogive.prompt_target_rows t
                ON t.run_id = r.id AND t.prompt_id = c.prompt_id
            WHERE c.sampling_id = r.sampling_id
                AND c.draw_index < coalesce(t.draws, r.min_draws, r.draws))
        ELSE least(a.draws, w.asked_for) END AS sampled
) v
CROSS JOIN LATERAL (
    SELECT CASE WHEN r.samples THEN w.asked_for ELSE v.sampled END AS target_draws
) x
CROSS JOIN LATERAL (
    SELECT v.sampled, z.landed, z.rewards,
        CASE WHEN w.is_mixed THEN (
            SELECT count(*) FROM ogive.failure_rows f
            LEFT JOIN ogive.prompt_target_rows t
                ON t.run_id = r.id AND t.prompt_id = f.prompt_id
            WHERE f.scoring_id = r.scoring_id AND f.item_kind = 'draw'
                AND f.item_index < coalesce(t.draws, r.min_draws, r.draws))
        ELSE b.draw_failures END AS failures
    FROM (
        SELECT CASE WHEN w.is_mixed THEN m.rewards ELSE least(b.rewards, w.asked_for) END
                AS landed,
            CASE WHEN w.is_mixed THEN m.rewards ELSE b.rewards END AS rewards
        FROM (SELECT CASE WHEN w.is_mixed THEN (
            SELECT coalesce(sum(q.n), 0)::bigint FROM ogive.quantile_tables q
            WHERE q.run_id = r.id) END AS rewards OFFSET 0) m
    ) z
) y;

CREATE OR REPLACE FUNCTION ogive.prompt_sha256(
    sampling bigint, prompt bigint, draw_indexes integer[], draw_rewards float8[],
    unscored_indexes integer[], candidate_indexes integer[], candidate_rewards float8[],
    candidate_log_probabilities float8[]
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sha256(sha256(convert_to(p.key, 'UTF8')) || sha256(convert_to(p.content::text, 'UTF8'))
        || int4send(cardinality(prompt_sha256.draw_indexes || unscored_indexes))
        || coalesce((
            SELECT string_agg(int4send(c.draw_index)
                || sha256(coalesce(c.raw, convert_to(c.text, 'UTF8')))
                || sha256(convert_to(c.finish_reason, 'UTF8'))
                || ogive.optional_bytes(c.token_count) || ogive.optional_bytes(c.log_probability)
                || ogive.optional_bytes(d.reward), '' ORDER BY c.draw_index)
            FROM (
                SELECT u.index, u.reward FROM unnest(prompt_sha256.draw_indexes, draw_rewards)
                    u(index, reward)
                UNION ALL
                SELECT u.index, NULL FROM unnest(unscored_indexes) u(index)
            ) d
            JOIN ogive.completion_rows c ON c.sampling_id = prompt_sha256.sampling
                AND c.prompt_id = prompt_sha256.prompt AND c.draw_index = d.index), '')
        || int4send(cardinality(prompt_sha256.candidate_indexes))
        || coalesce((
            SELECT string_agg(int4send(k.candidate_index)
                || sha256(convert_to(k.label, 'UTF8')) || sha256(convert_to(k.text, 'UTF8'))
                || ogive.optional_bytes(u.reward) || ogive.optional_bytes(u.log_probability), ''
                ORDER BY k.candidate_index)
            FROM unnest(prompt_sha256.candidate_indexes, candidate_rewards,
                candidate_log_probabilities) u(index, reward, log_probability)
            JOIN ogive.candidate_rows k ON k.prompt_id = prompt_sha256.prompt
                AND k.candidate_index = u.index), ''))
    FROM ogive.prompt_rows p WHERE p.id = prompt_sha256.prompt
$$;

DROP VIEW ogive_internal.whole_tables;
DROP FUNCTION ogive_internal.merged_indexes(integer[], integer[]),
    ogive_internal.merged_rewards(integer[], float8[], integer[], float8[]),
    ogive_internal.merged_sorted(float8[], float8[]),
    ogive_internal.count_below(integer, integer[], integer[]),
    ogive_internal.share_below(float8, float8[], float8[]),
    ogive_internal.completions(bigint, bigint, integer),
    ogive_internal.draw_counts(bigint);
