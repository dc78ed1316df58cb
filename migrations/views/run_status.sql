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
    a.candidate_log_probability_failures AS log_probability_failures, r.samples,
    coalesce(s.spec #>> '{policy,kind}' = 'adopted', false) AS adopted
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

COMMENT ON VIEW ogive.run_status IS
    'How far each run is, by its own draws alone: from counters that landing keeps or, where '
    'other runs have asked for draws of the same sampling that this one has not, from the rows. '
    'Candidates are of the scoring, which runs may share. ogive audit counts the rows themselves.';
COMMENT ON COLUMN ogive.run_status.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_status.state IS
    'open while something is pending, budget when it stopped because its budget is spent, '
    'cancelled when a person ended it, else finished.';
COMMENT ON COLUMN ogive.run_status.prompt_set IS 'Name of the prompt set.';
COMMENT ON COLUMN ogive.run_status.prompts IS 'Number of prompts of the set.';
COMMENT ON COLUMN ogive.run_status.draws IS
    'Draws asked for, for each prompt; of an adaptive run the most.';
COMMENT ON COLUMN ogive.run_status.target_draws IS
    'Draws asked for so far, of all prompts; of a run that samples nothing the draws that are '
    'stored.';
COMMENT ON COLUMN ogive.run_status.sampled IS 'Draws with a completion.';
COMMENT ON COLUMN ogive.run_status.landed IS 'Draws with a completion and a reward.';
COMMENT ON COLUMN ogive.run_status.failures IS 'Draws given up, with a row in ogive.failures.';
COMMENT ON COLUMN ogive.run_status.pending IS
    'Draws still to be done; an adaptive run may ask for more after them.';
COMMENT ON COLUMN ogive.run_status.target_candidates IS 'Candidates to be scored.';
COMMENT ON COLUMN ogive.run_status.landed_candidates IS 'Candidates with a reward.';
COMMENT ON COLUMN ogive.run_status.candidate_failures IS 'Candidates given up.';
COMMENT ON COLUMN ogive.run_status.tokens IS
    'Tokens of all completions, where the server reported them.';
COMMENT ON COLUMN ogive.run_status.truncated IS 'Completions cut off by max_tokens.';
COMMENT ON COLUMN ogive.run_status.mean_reward IS
    'Mean raw reward of the draws; NULL while there is none.';
COMMENT ON COLUMN ogive.run_status.weight IS 'Share of the fleet relative to other runs.';
COMMENT ON COLUMN ogive.run_status.submitted_at IS 'When it was last submitted.';
COMMENT ON COLUMN ogive.run_status.finished_at IS
    'When nothing was pending any more; NULL unless state is finished.';
COMMENT ON COLUMN ogive.run_status.policy IS
    'Model id of the reference policy; NULL where it has none.';
COMMENT ON COLUMN ogive.run_status.scorer IS
    'Model id or name of the scorer; NULL where it has none.';
COMMENT ON COLUMN ogive.run_status.synthetic IS
    'Whether completions or rewards come from a declared distribution and not from a model.';
COMMENT ON COLUMN ogive.run_status.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_status.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.run_status.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.run_status.target_log_probabilities IS
    'Candidates whose log-probability is to be determined.';
COMMENT ON COLUMN ogive.run_status.landed_log_probabilities IS 'Candidates with a log-probability.';
COMMENT ON COLUMN ogive.run_status.log_probability_failures IS
    'Candidates whose log-probability was given up.';
COMMENT ON COLUMN ogive.run_status.samples IS
    'Whether missing completions are sampled; else only those that are stored are scored.';
COMMENT ON COLUMN ogive.run_status.adopted IS
    'Whether the completions came in a file (ogive adopt), so that nothing proves who sampled '
    'them: there are no seeds and no fingerprint.';

GRANT SELECT ON ogive.run_status TO ogive_reader, ogive_writer;
