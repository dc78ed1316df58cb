SET LOCAL ROLE ogive_owner;

CREATE OR REPLACE FUNCTION ogive.asked_draws(run_id bigint, prompt_id bigint) RETURNS integer
LANGUAGE sql STABLE STRICT
AS $$
    SELECT r.draws FROM ogive.runs r WHERE r.id = asked_draws.run_id
$$;

DROP VIEW ogive.prompt_targets;
DROP VIEW ogive.adaptive_runs;
DROP FUNCTION ogive.first_rewards(integer[], float8[], integer);

CREATE OR REPLACE VIEW ogive.quantile_tables AS
SELECT r.name AS run, p.key AS prompt_key, t.prompt_id, t.n, r.draws,
    t.complete_to >= r.draws AS complete, t.rewards, t.draw_indexes, t.draw_rewards,
    t.rewards[1] = t.rewards[t.n] AS degenerate, t.updated_at, r.id AS run_id, t.scoring_id
FROM ogive.runs r
JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = t.prompt_id;
COMMENT ON COLUMN ogive.quantile_tables.draws IS 'Number of draws that the run asks for.';

CREATE OR REPLACE VIEW ogive.failures AS
SELECT r.name AS run, p.key AS prompt_key, f.prompt_id, f.item_kind, f.item_index, f.stage,
    f.code, f.message, f.attempts, f.worker, f.failed_at, r.id AS run_id, f.scoring_id
FROM ogive.runs r
JOIN ogive.failure_rows f ON f.scoring_id = r.scoring_id
    AND (CASE f.item_kind WHEN 'draw' THEN f.item_index < r.draws ELSE r.scores_candidates END)
JOIN ogive.prompt_rows p ON p.id = f.prompt_id
UNION ALL
SELECT r.name, p.key, l.prompt_id, 'candidate_logprob', l.candidate_index, 'logprob',
    l.code, l.message, l.attempts, l.worker, l.landed_at, r.id, r.scoring_id
FROM ogive.runs r
JOIN ogive.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND r.candidate_log_probabilities AND l.code IS NOT NULL
JOIN ogive.prompt_rows p ON p.id = l.prompt_id;

CREATE OR REPLACE VIEW ogive.run_status AS
SELECT r.name AS run, r.state, e.name AS prompt_set, e.prompts, r.draws, x.target_draws,
    least(a.draws, e.prompts * r.draws) AS sampled,
    least(b.rewards, e.prompts * r.draws) AS landed,
    b.draw_failures AS failures,
    greatest(0, x.target_draws - b.rewards - b.draw_failures) AS pending,
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
    SELECT CASE
        WHEN r.samples THEN e.prompts * r.draws
        -- The counter is of all draws; where another run asks for more of them, rows are counted.
        WHEN EXISTS (SELECT FROM ogive.runs o
            WHERE o.sampling_id = r.sampling_id AND o.samples AND o.draws > r.draws)
        THEN (SELECT count(*) FROM ogive.completion_rows c
            WHERE c.sampling_id = r.sampling_id AND c.draw_index < r.draws)
        ELSE least(a.draws, e.prompts * r.draws) END AS target_draws
) x;
COMMENT ON COLUMN ogive.run_status.draws IS 'Draws asked for, for each prompt.';
COMMENT ON COLUMN ogive.run_status.target_draws IS
    'Draws asked for, of all prompts; of a run that samples nothing the draws that are stored.';
COMMENT ON COLUMN ogive.run_status.pending IS 'Draws still to be done.';

DROP TABLE ogive.prompt_target_rows;
ALTER TABLE ogive.runs DROP COLUMN min_draws, DROP COLUMN raised_draws;
