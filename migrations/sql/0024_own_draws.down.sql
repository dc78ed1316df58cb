SET LOCAL ROLE ogive_owner;

CREATE OR REPLACE VIEW ogive.run_status AS
SELECT r.name AS run, r.state, e.name AS prompt_set, e.prompts, r.draws, x.target_draws,
    y.sampled, y.landed, y.failures,
    greatest(0, x.target_draws - y.rewards - y.failures) AS pending,
    CASE WHEN r.scores_candidates THEN e.candidates ELSE 0 END AS target_candidates,
    b.candidate_rewards AS landed_candidates, b.candidate_failures, a.tokens, a.truncated,
    (b.reward_sum / nullif(b.rewards, 0))::float8 AS mean_reward, r.weight, r.submitted_at,
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
        -- Whether the counters, which are of all draws, count what this run does not ask for of
        -- some prompts while it lacks others: then rows are counted.
        r.samples AND EXISTS (SELECT FROM ogive.runs o
            WHERE o.sampling_id = r.sampling_id AND o.id <> r.id AND o.samples
                AND (o.min_draws IS NOT NULL OR r.min_draws IS NOT NULL)) AS is_mixed
) w
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN r.samples THEN w.asked_for
        -- The counter is of all draws; where another run asks for more of them, rows are counted.
        WHEN EXISTS (SELECT FROM ogive.runs o
            WHERE o.sampling_id = r.sampling_id AND o.samples AND o.draws > r.draws)
        THEN (SELECT count(*) FROM ogive.completion_rows c
            WHERE c.sampling_id = r.sampling_id AND c.draw_index < r.draws)
        ELSE least(a.draws, e.prompts * r.draws) END AS target_draws
) x
CROSS JOIN LATERAL (
    SELECT CASE WHEN w.is_mixed THEN (
            SELECT count(*) FROM ogive.completion_rows c
            LEFT JOIN ogive.prompt_target_rows t
                ON t.run_id = r.id AND t.prompt_id = c.prompt_id
            WHERE c.sampling_id = r.sampling_id
                AND c.draw_index < coalesce(t.draws, r.min_draws, r.draws))
        ELSE least(a.draws, w.asked_for) END AS sampled,
        CASE WHEN w.is_mixed THEN z.rewards ELSE least(b.rewards, w.asked_for) END AS landed,
        CASE WHEN w.is_mixed THEN z.rewards ELSE b.rewards END AS rewards,
        CASE WHEN w.is_mixed THEN (
            SELECT count(*) FROM ogive.failure_rows f
            LEFT JOIN ogive.prompt_target_rows t
                ON t.run_id = r.id AND t.prompt_id = f.prompt_id
            WHERE f.scoring_id = r.scoring_id AND f.item_kind = 'draw'
                AND f.item_index < coalesce(t.draws, r.min_draws, r.draws))
        ELSE b.draw_failures END AS failures
    FROM (
        SELECT CASE WHEN w.is_mixed THEN (
            SELECT coalesce(sum(width_bucket(
                coalesce(t.draws, r.min_draws, r.draws) - 1, q.draw_indexes)), 0)::bigint
            FROM ogive.quantile_table_rows q
            LEFT JOIN ogive.prompt_target_rows t
                ON t.run_id = r.id AND t.prompt_id = q.prompt_id
            WHERE q.scoring_id = r.scoring_id) END AS rewards
    ) z
) y;
COMMENT ON VIEW ogive.run_status IS
    'How far each run is, from counters that landing keeps. Counts are of the sampling and '
    'scoring, which runs may share; ogive audit counts the rows themselves.';
COMMENT ON COLUMN ogive.run_spending.state IS
    'open while something is pending, budget when it stopped because its budget is spent, else '
    'finished.';
COMMENT ON COLUMN ogive.run_status.state IS
    'open while something is pending, budget when it stopped because its budget is spent, else '
    'finished.';

CREATE OR REPLACE VIEW ogive.reward_pairs AS
SELECT r.name AS run, o.name AS other_run, p.key AS prompt_key, t.prompt_id, d.draw_index,
    d.reward, q.reward AS other_reward,
    ogive.quantile_reward(t.rewards, d.reward) AS quantile_reward,
    ogive.quantile_reward(u.rewards, q.reward) AS other_quantile_reward,
    t.n * ogive.tied_quantile_reward(t.rewards, d.reward, 'mid') + 0.5 AS rank,
    u.n * ogive.tied_quantile_reward(u.rewards, q.reward, 'mid') + 0.5 AS other_rank,
    r.id AS run_id, o.id AS other_run_id, r.sampling_id
FROM ogive.runs r
JOIN ogive.runs o ON o.sampling_id = r.sampling_id AND o.id <> r.id
JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id
JOIN ogive.quantile_table_rows u ON u.scoring_id = o.scoring_id AND u.prompt_id = t.prompt_id
JOIN ogive.prompt_rows p ON p.id = t.prompt_id
CROSS JOIN LATERAL unnest(t.draw_indexes, t.draw_rewards) d(draw_index, reward)
JOIN LATERAL unnest(u.draw_indexes, u.draw_rewards) q(draw_index, reward)
    ON q.draw_index = d.draw_index;
COMMENT ON VIEW ogive.reward_pairs IS
    'Two scorings of the same completions side by side: one row for each pair of runs that share a '
    'sampling and each draw that both have scored. Name both runs in the WHERE clause.';

CREATE OR REPLACE VIEW ogive.reward_parts AS
SELECT r.name AS run, p.key AS prompt_key, w.prompt_id, w.item_kind, w.item_index,
    d.part ->> 'name' AS part, (d.part ->> 'weight')::float8 AS weight,
    w.parts[d.number] AS reward, d.number::integer - 1 AS part_index, r.id AS run_id, w.scoring_id
FROM ogive.runs r
JOIN ogive.scorings g ON g.id = r.scoring_id
CROSS JOIN LATERAL jsonb_array_elements(g.spec #> '{scorer,parts}')
    WITH ORDINALITY d(part, number)
JOIN ogive.reward_part_rows w ON w.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = w.prompt_id;

CREATE OR REPLACE VIEW ogive.candidate_rewards AS
SELECT r.name AS run, w.prompt_id, w.candidate_index, w.reward,
    ogive.quantile_reward(t.rewards, w.reward) AS quantile_reward, t.n, r.id AS run_id,
    r.scoring_id
FROM ogive.runs r
JOIN ogive.candidate_reward_rows w ON w.scoring_id = r.scoring_id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = w.scoring_id AND t.prompt_id = w.prompt_id;

CREATE OR REPLACE VIEW ogive.candidates AS
SELECT r.name AS run, p.key AS prompt_key, k.prompt_id, k.candidate_index, k.label, k.text,
    k.metadata, w.reward, ogive.quantile_reward(t.rewards, w.reward) AS quantile_reward,
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
LEFT JOIN ogive.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND l.prompt_id = k.prompt_id
    AND l.candidate_index = k.candidate_index;
COMMENT ON COLUMN ogive.candidates.quantile_reward IS
    'Share of the prompt''s reference rewards that are at most this one, in [0, 1].';

DROP VIEW ogive.unscored_completions;
DROP VIEW ogive.scored_completions;
DROP VIEW ogive.run_completions;
CREATE VIEW ogive.scored_completions AS
SELECT r.name AS run, p.key AS prompt_key, c.prompt_id, c.draw_index, c.text,
    ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) AS reward,
    ogive.quantile_reward(t.rewards,
        ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index)) AS quantile_reward,
    c.log_probability, c.token_count, c.finish_reason, c.finish_reason = 'length' AS truncated,
    c.seed, c.worker, c.sample_ms, c.landed_at, c.raw, r.id AS run_id, c.sampling_id, r.scoring_id,
    c.token_ids, c.token_log_probabilities
FROM ogive.runs r
JOIN ogive.completion_rows c ON c.sampling_id = r.sampling_id
JOIN ogive.prompt_rows p ON p.id = c.prompt_id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = c.prompt_id;
COMMENT ON VIEW ogive.scored_completions IS
    'Reference completions with their rewards, one row for each run and draw.';
COMMENT ON COLUMN ogive.scored_completions.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.scored_completions.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.scored_completions.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.scored_completions.draw_index IS 'Index of the draw, from 0.';
COMMENT ON COLUMN ogive.scored_completions.text IS
    'The completion as sampled; U+0000, which PostgreSQL cannot hold, shows as U+FFFD (see raw).';
COMMENT ON COLUMN ogive.scored_completions.reward IS 'Raw reward; NULL while there is none.';
COMMENT ON COLUMN ogive.scored_completions.quantile_reward IS
    'Share of the prompt''s reference rewards that are at most this one, in (0, 1].';
COMMENT ON COLUMN ogive.scored_completions.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats; NULL when the server did not tell.';
COMMENT ON COLUMN ogive.scored_completions.token_count IS
    'Number of tokens, the end token included; NULL when the server did not tell.';
COMMENT ON COLUMN ogive.scored_completions.finish_reason IS 'stop, length or other.';
COMMENT ON COLUMN ogive.scored_completions.truncated IS 'Whether max_tokens cut it off.';
COMMENT ON COLUMN ogive.scored_completions.seed IS 'The seed that was sent for it.';
COMMENT ON COLUMN ogive.scored_completions.worker IS 'The worker incarnation that made it.';
COMMENT ON COLUMN ogive.scored_completions.sample_ms IS
    'Time of the request that made it, in milliseconds.';
COMMENT ON COLUMN ogive.scored_completions.landed_at IS 'When it was committed.';
COMMENT ON COLUMN ogive.scored_completions.raw IS
    'The exact UTF-8 bytes where the text holds U+0000, else NULL.';
COMMENT ON COLUMN ogive.scored_completions.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.scored_completions.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.scored_completions.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.scored_completions.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL when not asked for '
    '(policy.logprobs: none).';
COMMENT ON COLUMN ogive.scored_completions.token_ids IS
    'The sampled tokens, the end token included; NULL unless policy.logprobs is tokens and the '
    'server told them.';
COMMENT ON COLUMN ogive.scored_completions.token_log_probabilities IS
    'Their log-probabilities, in the same order; NULL unless policy.logprobs is tokens.';
GRANT SELECT ON ogive.scored_completions TO ogive_reader, ogive_writer;

CREATE OR REPLACE VIEW ogive.quantile_tables AS
SELECT r.name AS run, p.key AS prompt_key, t.prompt_id, t.n,
    coalesce(g.draws, r.min_draws, r.draws) AS draws,
    t.complete_to >= coalesce(g.draws, r.min_draws, r.draws) AS complete, t.rewards,
    t.draw_indexes, t.draw_rewards, t.rewards[1] = t.rewards[t.n] AS degenerate, t.updated_at,
    r.id AS run_id, t.scoring_id
FROM ogive.runs r
JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = t.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = t.prompt_id;
COMMENT ON VIEW ogive.quantile_tables IS
    'The empirical distribution of reward under the reference policy: one row for each run and '
    'prompt with at least one reward. Two runs on the same scoring show the same tables.';
COMMENT ON COLUMN ogive.quantile_tables.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive.quantile_tables.draw_indexes IS 'Indexes of the draws, ascending.';
