SET LOCAL ROLE ogive_owner;

-- Two ascending lists are merged only where a table is read whole while it grows.
CREATE FUNCTION ogive_internal.merged_indexes(indexes integer[], tail integer[])
RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail IS NULL THEN indexes ELSE ARRAY(
        SELECT u.index FROM unnest(indexes || tail) u(index) ORDER BY u.index) END
$$;
COMMENT ON FUNCTION ogive_internal.merged_indexes(integer[], integer[]) IS
    'The draw indexes of a table and of its tail, ascending.';
CREATE FUNCTION ogive_internal.merged_rewards(
    indexes integer[], rewards float8[], tail_indexes integer[], tail_rewards float8[]
) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail_indexes IS NULL THEN rewards ELSE ARRAY(
        SELECT u.reward
        FROM unnest(indexes || tail_indexes, rewards || tail_rewards) u(index, reward)
        ORDER BY u.index) END
$$;
COMMENT ON FUNCTION ogive_internal.merged_rewards(integer[], float8[], integer[], float8[]) IS
    'The rewards of a table and of its tail, in the order of merged_indexes.';
CREATE FUNCTION ogive_internal.merged_sorted(sorted float8[], tail float8[]) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail IS NULL THEN sorted ELSE ARRAY(
        SELECT u.reward FROM unnest(sorted || tail) u(reward) ORDER BY u.reward) END
$$;
COMMENT ON FUNCTION ogive_internal.merged_sorted(float8[], float8[]) IS
    'The rewards of a table and of its tail, sorted.';
-- Nothing is merged for a single number: each list is searched.
CREATE FUNCTION ogive_internal.count_below(draws integer, indexes integer[], tail integer[])
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT width_bucket(draws - 1, indexes) + coalesce(width_bucket(draws - 1, tail), 0)
$$;
COMMENT ON FUNCTION ogive_internal.count_below(integer, integer[], integer[]) IS
    'How many draws of a table and of its tail are among draws 0 to draws - 1.';
CREATE FUNCTION ogive_internal.share_below(reward float8, sorted float8[], tail float8[])
RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail IS NULL THEN ogive.quantile_reward(sorted, reward)
        ELSE (width_bucket(reward, sorted) + width_bucket(reward, tail))::float8
            / (cardinality(sorted) + cardinality(tail)) + (reward - reward) END
$$;
COMMENT ON FUNCTION ogive_internal.share_below(float8, float8[], float8[]) IS
    'ogive.quantile_reward by a table and its tail.';

CREATE VIEW ogive_internal.whole_tables AS
SELECT scoring_id, prompt_id, n, complete_to, updated_at,
    CASE WHEN tail_indexes IS NULL THEN draw_indexes
        ELSE ogive_internal.merged_indexes(draw_indexes, tail_indexes) END AS draw_indexes,
    CASE WHEN tail_indexes IS NULL THEN draw_rewards
        ELSE ogive_internal.merged_rewards(
            draw_indexes, draw_rewards, tail_indexes, tail_rewards) END AS draw_rewards,
    CASE WHEN tail_indexes IS NULL THEN rewards
        ELSE ogive_internal.merged_sorted(rewards, tail_sorted) END AS rewards
FROM ogive.quantile_table_rows;
COMMENT ON VIEW ogive_internal.whole_tables IS
    'ogive.quantile_table_rows with the draws of the tails in their places.';
COMMENT ON COLUMN ogive_internal.whole_tables.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive_internal.whole_tables.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive_internal.whole_tables.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive_internal.whole_tables.complete_to IS
    'Draws 0 to this number - 1 are all there.';
COMMENT ON COLUMN ogive_internal.whole_tables.updated_at IS 'When it last grew.';
COMMENT ON COLUMN ogive_internal.whole_tables.draw_indexes IS 'Indexes of these draws, ascending.';
COMMENT ON COLUMN ogive_internal.whole_tables.draw_rewards IS
    'Their rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive_internal.whole_tables.rewards IS 'Their rewards, sorted ascending.';
GRANT SELECT ON ogive_internal.whole_tables TO ogive_writer;

-- The planner prunes partitions by constants, not by a column of another table: where a view joins,
-- one statement for each prompt reads the one partition, and locks no other.
CREATE FUNCTION ogive_internal.completions(sampling bigint, prompt bigint, draws integer)
RETURNS SETOF ogive.completion_rows
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 32
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM ogive.completion_rows
        WHERE sampling_id = $1 AND prompt_id = $2 AND draw_index < $3'
        USING sampling, prompt, draws;
END
$$;
COMMENT ON FUNCTION ogive_internal.completions(bigint, bigint, integer) IS
    'The completions of draws 0 to draws - 1 of a prompt.';

CREATE FUNCTION ogive_internal.draw_counts(run bigint)
RETURNS TABLE (draws bigint, tokens bigint, truncated bigint)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    SELECT * INTO r FROM ogive.runs x WHERE x.id = run;
    RETURN QUERY EXECUTE 'SELECT count(*), coalesce(sum(c.token_count), 0)::bigint,
            count(*) FILTER (WHERE c.finish_reason = ''length'')
        FROM ogive.completion_rows c
        LEFT JOIN ogive.prompt_target_rows t ON t.run_id = $2 AND t.prompt_id = c.prompt_id
        WHERE c.sampling_id = $1 AND c.draw_index < coalesce(t.draws, $3)'
        USING r.sampling_id, run, coalesce(r.min_draws, r.draws);
END
$$;
COMMENT ON FUNCTION ogive_internal.draw_counts(bigint) IS
    'Counts a run''s own completions in the rows, where counters are of other runs'' draws too.';

GRANT EXECUTE ON FUNCTION
    ogive_internal.merged_indexes(integer[], integer[]),
    ogive_internal.merged_rewards(integer[], float8[], integer[], float8[]),
    ogive_internal.merged_sorted(float8[], float8[]),
    ogive_internal.count_below(integer, integer[], integer[]),
    ogive_internal.share_below(float8, float8[], float8[]),
    ogive_internal.completions(bigint, bigint, integer),
    ogive_internal.draw_counts(bigint)
    TO ogive_reader, ogive_writer;

CREATE OR REPLACE VIEW ogive.quantile_tables AS
SELECT r.name AS run, p.key AS prompt_key, t.prompt_id, o.n, a.draws,
    t.complete_to >= a.draws AS complete,
    CASE WHEN o.n = t.n THEN w.rewards
        ELSE ogive.first_rewards(w.draw_indexes, w.draw_rewards, a.draws) END AS rewards,
    CASE WHEN o.n = t.n THEN w.draw_indexes ELSE w.draw_indexes[1:o.n] END AS draw_indexes,
    CASE WHEN o.n = t.n THEN w.draw_rewards ELSE w.draw_rewards[1:o.n] END AS draw_rewards,
    CASE WHEN o.n = t.n THEN least(t.rewards[1], t.tail_sorted[1]) = greatest(
            t.rewards[cardinality(t.rewards)], t.tail_sorted[cardinality(t.tail_sorted)])
        ELSE w.draw_rewards[1] = ALL (w.draw_rewards[1:o.n]) END AS degenerate,
    t.updated_at, r.id AS run_id, t.scoring_id
FROM ogive.runs r
JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = t.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = t.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE ogive_internal.count_below(a.draws, t.draw_indexes, t.tail_indexes) END AS n
) o
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.tail_indexes IS NULL THEN t.draw_indexes
            ELSE ogive_internal.merged_indexes(t.draw_indexes, t.tail_indexes) END
            AS draw_indexes,
        CASE WHEN t.tail_indexes IS NULL THEN t.draw_rewards
            ELSE ogive_internal.merged_rewards(
                t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards) END
            AS draw_rewards,
        CASE WHEN t.tail_indexes IS NULL THEN t.rewards
            ELSE ogive_internal.merged_sorted(t.rewards, t.tail_sorted) END AS rewards
) w
WHERE o.n > 0;

CREATE OR REPLACE VIEW ogive.run_completions AS
SELECT r.name AS run, p.key AS prompt_key, p.id AS prompt_id, c.draw_index, c.text, w.reward,
    CASE WHEN o.n = t.n THEN ogive_internal.share_below(w.reward, t.rewards, t.tail_sorted)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(
                ogive_internal.merged_indexes(t.draw_indexes, t.tail_indexes),
                ogive_internal.merged_rewards(
                    t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards),
                a.draws), w.reward)
        END AS quantile_reward,
    CASE WHEN NOT l.text_is_lossy THEN c.log_probability END AS log_probability,
    c.token_count, c.finish_reason, c.finish_reason = 'length' AS truncated,
    c.seed, c.worker, c.sample_ms, c.landed_at, c.raw, r.id AS run_id, r.sampling_id, r.scoring_id,
    c.token_ids, c.token_log_probabilities, l.text_is_lossy,
    c.log_probability AS sampled_log_probability
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = p.id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = p.id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE ogive_internal.count_below(a.draws, t.draw_indexes, t.tail_indexes) END AS n
) o
CROSS JOIN LATERAL ogive_internal.completions(r.sampling_id, p.id, a.draws) c
CROSS JOIN LATERAL (
    SELECT coalesce(ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index),
        ogive.reward_of_draw(t.tail_indexes, t.tail_rewards, c.draw_index)) AS reward
) w
CROSS JOIN LATERAL (
    SELECT CASE WHEN c.raw IS NULL THEN strpos(c.text, U&'\FFFD') > 0
        ELSE position('\xefbfbd'::bytea IN c.raw) > 0 END AS text_is_lossy
) l;

CREATE OR REPLACE VIEW ogive.candidates AS
SELECT r.name AS run, p.key AS prompt_key, k.prompt_id, k.candidate_index, k.label, k.text,
    k.metadata, w.reward,
    CASE WHEN o.n = t.n THEN ogive_internal.share_below(w.reward, t.rewards, t.tail_sorted)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(
                ogive_internal.merged_indexes(t.draw_indexes, t.tail_indexes),
                ogive_internal.merged_rewards(
                    t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards),
                a.draws), w.reward)
        END AS quantile_reward,
    r.id AS run_id, r.scoring_id,
    l.log_probability, l.token_count, l.token_ids, l.token_log_probabilities
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
JOIN ogive.candidate_rows k ON k.prompt_id = p.id
LEFT JOIN ogive.candidate_reward_rows w
    ON w.scoring_id = r.scoring_id AND w.prompt_id = k.prompt_id
    AND w.candidate_index = k.candidate_index
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = k.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = k.prompt_id
LEFT JOIN ogive.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND l.prompt_id = k.prompt_id
    AND l.candidate_index = k.candidate_index
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE ogive_internal.count_below(a.draws, t.draw_indexes, t.tail_indexes) END AS n
) o;

CREATE OR REPLACE VIEW ogive.candidate_rewards AS
SELECT r.name AS run, w.prompt_id, w.candidate_index, w.reward,
    CASE WHEN o.n = t.n THEN ogive_internal.share_below(w.reward, t.rewards, t.tail_sorted)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(
                ogive_internal.merged_indexes(t.draw_indexes, t.tail_indexes),
                ogive_internal.merged_rewards(
                    t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards),
                a.draws), w.reward)
        END AS quantile_reward,
    nullif(o.n, 0) AS n, r.id AS run_id, r.scoring_id
FROM ogive.runs r
JOIN ogive.candidate_reward_rows w ON w.scoring_id = r.scoring_id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = w.scoring_id AND t.prompt_id = w.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = w.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE ogive_internal.count_below(a.draws, t.draw_indexes, t.tail_indexes) END AS n
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
JOIN ogive.candidate_log_probability_rows l
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
JOIN ogive.reward_part_rows w ON w.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = w.prompt_id
LEFT JOIN ogive.prompt_target_rows x ON x.run_id = r.id AND x.prompt_id = w.prompt_id
WHERE w.item_kind <> 'draw' OR w.item_index < coalesce(x.draws, r.min_draws, r.draws);

CREATE OR REPLACE VIEW ogive.prompt_targets AS
SELECT r.name AS run, p.key AS prompt_key, p.id AS prompt_id,
    coalesce(r.min_draws, r.draws) AS min_draws, x.draws, r.draws AS max_draws,
    coalesce(g.raises, 0) AS raises, coalesce(cardinality(x.rewards), 0) AS n,
    (SELECT max(sqrt(q.share * (1 - q.share) / cardinality(x.rewards)))
        FROM ogive.candidate_reward_rows k
        CROSS JOIN LATERAL (
            SELECT ogive.smoothed_quantile_reward(x.rewards, k.reward) AS share) q
        WHERE k.scoring_id = r.scoring_id AND k.prompt_id = p.id
            AND cardinality(x.rewards) > 0) AS standard_error,
    r.id AS run_id, r.scoring_id
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = p.id
LEFT JOIN ogive_internal.whole_tables t ON t.scoring_id = r.scoring_id AND t.prompt_id = p.id
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
    CASE WHEN w.is_mixed THEN d.tokens ELSE a.tokens END AS tokens,
    CASE WHEN w.is_mixed THEN d.truncated ELSE a.truncated END AS truncated,
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
-- Strict: not called, and no row, where counters will do.
LEFT JOIN LATERAL ogive_internal.draw_counts(CASE WHEN w.is_mixed THEN r.id END) d ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN w.is_mixed THEN d.draws ELSE least(a.draws, w.asked_for) END AS sampled
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
            JOIN ogive_internal.completions(prompt_sha256.sampling, prompt_sha256.prompt,
                2147483647) c ON c.draw_index = d.index), '')
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

DROP TABLE ogive_internal.quantile_table_rows, ogive_internal.candidate_reward_rows,
    ogive_internal.reward_part_rows, ogive_internal.candidate_log_probability_rows;
