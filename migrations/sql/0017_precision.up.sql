SET LOCAL ROLE ogive_owner;

ALTER TABLE ogive.runs
    ADD COLUMN min_draws integer,
    ADD COLUMN raised_draws bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT runs_min_draws CHECK (min_draws BETWEEN 1 AND draws),
    ADD CONSTRAINT runs_raised_draws CHECK (
        raised_draws >= 0 AND (raised_draws = 0 OR min_draws IS NOT NULL));
COMMENT ON COLUMN ogive.runs.min_draws IS
    'Draws of each prompt that an adaptive run asks for at first, draws being the most; NULL where '
    'each prompt gets draws.';
COMMENT ON COLUMN ogive.runs.raised_draws IS
    'Sum over ogive.prompt_target_rows of what is asked for beyond min_draws.';

CREATE TABLE ogive.prompt_target_rows (
    run_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    draws integer NOT NULL,
    raises integer NOT NULL,
    CONSTRAINT prompt_target_rows_pkey PRIMARY KEY (run_id, prompt_id),
    CONSTRAINT prompt_target_rows_run_fkey FOREIGN KEY (run_id)
        REFERENCES ogive.runs (id) ON DELETE CASCADE,
    CONSTRAINT prompt_target_rows_draws CHECK (draws > 0),
    CONSTRAINT prompt_target_rows_raises CHECK (raises > 0)
);
COMMENT ON TABLE ogive.prompt_target_rows IS
    'Draws that an adaptive run asks for of a prompt, where they are more than its min_draws; '
    'raised only while nothing of the run is pending. Behind the view ogive.prompt_targets.';

CREATE FUNCTION ogive.first_rewards(
    draw_indexes integer[], draw_rewards float8[], draws integer
) RETURNS float8[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    -- Indexes are ascending: width_bucket counts those that are at most draws - 1.
    SELECT CASE WHEN cardinality(draw_indexes) = 0 THEN '{}'::float8[] ELSE ARRAY(
        SELECT reward
        FROM unnest(draw_rewards[1:width_bucket(draws - 1, draw_indexes)]) u(reward)
        ORDER BY reward) END
$$;
COMMENT ON FUNCTION ogive.first_rewards(integer[], float8[], integer) IS
    'The sorted rewards of draws 0 to draws - 1 of a table: what a run with so many draws would '
    'have. With the min_draws of an adaptive run their number does not depend on any reward.';

CREATE OR REPLACE FUNCTION ogive.asked_draws(run_id bigint, prompt_id bigint) RETURNS integer
LANGUAGE sql STABLE STRICT
AS $$
    SELECT coalesce(g.draws, r.min_draws, r.draws)
    FROM ogive.runs r
    LEFT JOIN ogive.prompt_target_rows g
        ON g.run_id = r.id AND g.prompt_id = asked_draws.prompt_id
    WHERE r.id = asked_draws.run_id
$$;

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
COMMENT ON COLUMN ogive.quantile_tables.draws IS
    'Number of draws that the run asks for, of this prompt.';

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
COMMENT ON COLUMN ogive.run_status.draws IS
    'Draws asked for, for each prompt; of an adaptive run the most.';
COMMENT ON COLUMN ogive.run_status.target_draws IS
    'Draws asked for so far, of all prompts; of a run that samples nothing the draws that are '
    'stored.';
COMMENT ON COLUMN ogive.run_status.pending IS
    'Draws still to be done; an adaptive run may ask for more after them.';

CREATE VIEW ogive.adaptive_runs AS
SELECT r.name AS run, r.min_draws, r.draws AS max_draws,
    (r.spec #>> '{adaptive,target_stderr}')::float8 AS target_standard_error,
    (r.spec #>> '{adaptive,mean}')::float8 AS mean_draws, r.id AS run_id
FROM ogive.runs r
WHERE r.min_draws IS NOT NULL;
COMMENT ON VIEW ogive.adaptive_runs IS
    'Runs whose number of draws follows from the first draws of each prompt: until candidates are '
    'as precise as asked for, or by Neyman allocation.';
COMMENT ON COLUMN ogive.adaptive_runs.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.adaptive_runs.min_draws IS
    'Draws that each prompt gets at first. Draws 0 to min_draws - 1 are an unbiased subset.';
COMMENT ON COLUMN ogive.adaptive_runs.max_draws IS 'The most draws of a prompt.';
COMMENT ON COLUMN ogive.adaptive_runs.target_standard_error IS
    'Largest standard error of a candidate''s quantile reward; NULL for an allocation.';
COMMENT ON COLUMN ogive.adaptive_runs.mean_draws IS
    'Draws of a prompt on average that are allocated; NULL for a precision.';
COMMENT ON COLUMN ogive.adaptive_runs.run_id IS 'Number of the run.';

CREATE VIEW ogive.prompt_targets AS
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
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = p.id
CROSS JOIN LATERAL (
    SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws, ogive.first_rewards(
        t.draw_indexes, t.draw_rewards, coalesce(g.draws, r.min_draws, r.draws)) AS rewards
) x;
COMMENT ON VIEW ogive.prompt_targets IS
    'How many draws a run asks for of each prompt, and how precise its candidates are with them.';
COMMENT ON COLUMN ogive.prompt_targets.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.prompt_targets.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.prompt_targets.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.prompt_targets.min_draws IS
    'Draws asked for at first: draws 0 to min_draws - 1 are an unbiased subset '
    '(ogive.first_rewards).';
COMMENT ON COLUMN ogive.prompt_targets.draws IS 'Draws asked for so far.';
COMMENT ON COLUMN ogive.prompt_targets.max_draws IS 'The most draws of a prompt.';
COMMENT ON COLUMN ogive.prompt_targets.raises IS 'How often the run went on to more draws.';
COMMENT ON COLUMN ogive.prompt_targets.n IS 'Draws 0 to draws - 1 that have a reward.';
COMMENT ON COLUMN ogive.prompt_targets.standard_error IS
    'Largest standard error of a candidate, sqrt(q (1 - q) / n) with q = (k + 1)/(n + 2): what '
    'run.precision compares with its target. NULL without candidates that have a reward.';
COMMENT ON COLUMN ogive.prompt_targets.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.prompt_targets.scoring_id IS 'Number of the scoring.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ogive.prompt_target_rows TO ogive_writer;
GRANT SELECT ON ogive.adaptive_runs, ogive.prompt_targets TO ogive_reader, ogive_writer;
GRANT EXECUTE ON FUNCTION ogive.first_rewards(integer[], float8[], integer)
    TO ogive_reader, ogive_writer;
