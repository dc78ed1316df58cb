SET LOCAL ROLE ogive_owner;

-- A run shows its own draws, 0 to its number - 1, whatever other runs on the same sampling and
-- scoring asked for. A table that holds no others is read as it is stored: n and complete_to tell,
-- without a look into the arrays. Else the first ones are cut out, and sorted.
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
JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = t.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = t.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE width_bucket(a.draws - 1, t.draw_indexes) END AS n
) o
WHERE o.n > 0;
COMMENT ON VIEW ogive.quantile_tables IS
    'The empirical distribution of reward under the reference policy: one row for each run and '
    'prompt with at least one reward, of the run''s own draws alone. Another run on the same '
    'scoring that asks for more draws changes nothing here.';
COMMENT ON COLUMN ogive.quantile_tables.n IS 'Number of the run''s draws with a reward.';
COMMENT ON COLUMN ogive.quantile_tables.draw_indexes IS
    'Indexes of these draws, ascending, all below draws.';

CREATE VIEW ogive.run_completions AS
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
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = c.prompt_id
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

CREATE OR REPLACE VIEW ogive.scored_completions AS
SELECT c.run, c.prompt_key, c.prompt_id, c.draw_index, c.text, c.reward, c.quantile_reward,
    c.log_probability, c.token_count, c.finish_reason, c.truncated, c.seed, c.worker, c.sample_ms,
    c.landed_at, c.raw, c.run_id, c.sampling_id, c.scoring_id, c.token_ids,
    c.token_log_probabilities, c.text_is_lossy
FROM ogive.run_completions c
WHERE c.reward IS NOT NULL;
COMMENT ON VIEW ogive.scored_completions IS
    'Reference completions that have a reward, one row for each run and draw; '
    'ogive.unscored_completions has those that have none.';

CREATE VIEW ogive.unscored_completions AS
SELECT c.run, c.prompt_key, c.prompt_id, c.draw_index, c.text, c.log_probability, c.token_count,
    c.finish_reason, c.truncated, c.seed, c.worker, c.sample_ms, c.landed_at, c.raw,
    f.code AS failure_code, f.message AS failure_message, c.run_id, c.sampling_id, c.scoring_id,
    c.text_is_lossy
FROM ogive.run_completions c
LEFT JOIN ogive.failure_rows f ON f.scoring_id = c.scoring_id AND f.prompt_id = c.prompt_id
    AND f.item_kind = 'draw' AND f.item_index = c.draw_index
WHERE c.reward IS NULL;

-- The same columns have the same comments.
DO $$
DECLARE
    said record;
BEGIN
    FOR said IN
        SELECT v.relname AS view, a.attname AS name, CASE
            WHEN a.attname = 'reward' AND v.relname = 'scored_completions' THEN 'Raw reward.'
            WHEN a.attname = 'text_is_lossy' THEN
                'Whether the text holds U+FFFD, which stands for bytes that were no whole '
                'character: no tokens give this text, so that a log-probability would be that of '
                'another one.'
            WHEN a.attname = 'log_probability' THEN
                'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL when '
                'not asked for (policy.logprobs: none) or text_is_lossy.'
            WHEN a.attname = 'sampled_log_probability' THEN
                'The sum that the server told with the draw, whatever became of the text: what '
                'checksums of snapshots are made of.'
            WHEN a.attname = 'failure_code' THEN
                'Why it has no reward, for example timeout; NULL while it is pending.'
            WHEN a.attname = 'failure_message' THEN 'The same in words.'
            ELSE col_description('ogive.scored_completions'::regclass, b.attnum) END AS comment
        FROM pg_class v
        JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
        LEFT JOIN pg_attribute b ON b.attrelid = 'ogive.scored_completions'::regclass
            AND b.attname = a.attname
        WHERE v.oid IN ('ogive.run_completions'::regclass, 'ogive.scored_completions'::regclass,
            'ogive.unscored_completions'::regclass)
        -- Of scored_completions last: its comments are what the others take over.
        ORDER BY v.relname = 'scored_completions'
    LOOP
        EXECUTE format('COMMENT ON COLUMN ogive.%I.%I IS %L', said.view, said.name, said.comment);
    END LOOP;
END
$$;
COMMENT ON VIEW ogive.run_completions IS
    'Reference completions of a run, draws 0 to its number - 1 of each prompt, with a reward or '
    'without: what ogive.scored_completions and ogive.unscored_completions read.';
COMMENT ON VIEW ogive.unscored_completions IS
    'Reference completions of a run that have no reward, and why where that is known.';

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
        ELSE width_bucket(a.draws - 1, t.draw_indexes) END AS n
) o;
COMMENT ON COLUMN ogive.candidates.quantile_reward IS
    'Share of the run''s reference rewards of the prompt that are at most this one, in [0, 1].';

CREATE OR REPLACE VIEW ogive.candidate_rewards AS
SELECT r.name AS run, w.prompt_id, w.candidate_index, w.reward,
    CASE WHEN o.n = t.n THEN ogive.quantile_reward(t.rewards, w.reward)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(t.draw_indexes, t.draw_rewards, a.draws), w.reward)
        END AS quantile_reward,
    nullif(o.n, 0) AS n, r.id AS run_id, r.scoring_id
FROM ogive.runs r
JOIN ogive.candidate_reward_rows w ON w.scoring_id = r.scoring_id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = w.scoring_id AND t.prompt_id = w.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = w.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE width_bucket(a.draws - 1, t.draw_indexes) END AS n
) o;

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

CREATE OR REPLACE VIEW ogive.reward_pairs AS
SELECT t.run, u.run AS other_run, t.prompt_key, t.prompt_id, d.draw_index,
    d.reward, q.reward AS other_reward,
    ogive.quantile_reward(s.rewards, d.reward) AS quantile_reward,
    ogive.quantile_reward(s.other_rewards, q.reward) AS other_quantile_reward,
    t.n * ogive.quantile_reward(s.rewards, d.reward, 'mid') + 0.5 AS rank,
    u.n * ogive.quantile_reward(s.other_rewards, q.reward, 'mid') + 0.5 AS other_rank,
    r.id AS run_id, o.id AS other_run_id, r.sampling_id
FROM ogive.runs r
JOIN ogive.runs o ON o.sampling_id = r.sampling_id AND o.id <> r.id
JOIN ogive.quantile_tables t ON t.run_id = r.id
JOIN ogive.quantile_tables u ON u.run_id = o.id AND u.prompt_id = t.prompt_id
-- OFFSET 0: the tables of a prompt are cut once, not for each of its draws.
CROSS JOIN LATERAL (
    SELECT t.rewards, t.draw_indexes, t.draw_rewards, u.rewards AS other_rewards,
        u.draw_indexes AS other_indexes, u.draw_rewards AS other_draw_rewards OFFSET 0
) s
CROSS JOIN LATERAL unnest(s.draw_indexes, s.draw_rewards) d(draw_index, reward)
JOIN LATERAL unnest(s.other_indexes, s.other_draw_rewards) q(draw_index, reward)
    ON q.draw_index = d.draw_index;
COMMENT ON VIEW ogive.reward_pairs IS
    'Two runs of the same completions side by side: one row for each pair of runs that share a '
    'sampling and each draw that is one of both and has both rewards. Name both runs in the WHERE '
    'clause.';

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
COMMENT ON VIEW ogive.run_status IS
    'How far each run is, by its own draws alone: from counters that landing keeps or, where other '
    'runs have asked for draws of the same sampling that this one has not, from the rows. '
    'Candidates are of the scoring, which runs may share. ogive audit counts the rows themselves.';
COMMENT ON COLUMN ogive.run_status.state IS
    'open while something is pending, budget when it stopped because its budget is spent, '
    'cancelled when a person ended it, else finished.';
COMMENT ON COLUMN ogive.run_spending.state IS
    'open while something is pending, budget when it stopped because its budget is spent, '
    'cancelled when a person ended it, else finished.';

GRANT SELECT ON ogive.run_completions, ogive.unscored_completions TO ogive_reader, ogive_writer;
