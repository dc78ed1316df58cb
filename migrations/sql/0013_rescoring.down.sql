SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.reward_pairs;
DROP VIEW ogive.run_status;
ALTER TABLE ogive.runs DROP COLUMN samples;

CREATE VIEW ogive.run_status AS
SELECT r.name AS run, r.state, e.name AS prompt_set, e.prompts, r.draws,
    e.prompts * r.draws AS target_draws,
    least(a.draws, e.prompts * r.draws) AS sampled,
    least(b.rewards, e.prompts * r.draws) AS landed,
    b.draw_failures AS failures,
    greatest(0, e.prompts * r.draws - b.rewards - b.draw_failures) AS pending,
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
    a.candidate_log_probability_failures AS log_probability_failures
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.scorings g ON g.id = r.scoring_id
JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
JOIN ogive.sampling_progress a ON a.sampling_id = r.sampling_id
JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id;
COMMENT ON VIEW ogive.run_status IS
    'How far each run is, from counters that landing keeps. Counts are of the sampling and '
    'scoring, which runs may share; ogive audit counts the rows themselves.';
COMMENT ON COLUMN ogive.run_status.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_status.state IS 'open while something is pending, else finished.';
COMMENT ON COLUMN ogive.run_status.prompt_set IS 'Name of the prompt set.';
COMMENT ON COLUMN ogive.run_status.prompts IS 'Number of prompts of the set.';
COMMENT ON COLUMN ogive.run_status.draws IS 'Draws asked for, for each prompt.';
COMMENT ON COLUMN ogive.run_status.target_draws IS 'Draws asked for, of all prompts.';
COMMENT ON COLUMN ogive.run_status.sampled IS 'Draws with a completion.';
COMMENT ON COLUMN ogive.run_status.landed IS 'Draws with a completion and a reward.';
COMMENT ON COLUMN ogive.run_status.failures IS 'Draws given up, with a row in ogive.failures.';
COMMENT ON COLUMN ogive.run_status.pending IS 'Draws still to be done.';
COMMENT ON COLUMN ogive.run_status.target_candidates IS 'Candidates to be scored.';
COMMENT ON COLUMN ogive.run_status.landed_candidates IS 'Candidates with a reward.';
COMMENT ON COLUMN ogive.run_status.candidate_failures IS 'Candidates given up.';
COMMENT ON COLUMN ogive.run_status.tokens IS 'Tokens of all completions, where known.';
COMMENT ON COLUMN ogive.run_status.truncated IS 'Completions cut off by max_tokens.';
COMMENT ON COLUMN ogive.run_status.mean_reward IS 'Mean raw reward of the draws.';
COMMENT ON COLUMN ogive.run_status.weight IS 'Share of the fleet relative to other runs.';
COMMENT ON COLUMN ogive.run_status.submitted_at IS 'When it was last submitted.';
COMMENT ON COLUMN ogive.run_status.finished_at IS 'When nothing was pending any more.';
COMMENT ON COLUMN ogive.run_status.policy IS 'Model id of the reference policy.';
COMMENT ON COLUMN ogive.run_status.scorer IS 'Model id or name of the scorer.';
COMMENT ON COLUMN ogive.run_status.synthetic IS
    'Whether completions or rewards come from a declared distribution and not from a model.';
COMMENT ON COLUMN ogive.run_status.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_status.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.run_status.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.run_status.target_log_probabilities IS
    'Candidates whose log-probability is to be told.';
COMMENT ON COLUMN ogive.run_status.landed_log_probabilities IS 'Candidates with a log-probability.';
COMMENT ON COLUMN ogive.run_status.log_probability_failures IS
    'Candidates whose log-probability was given up.';

GRANT SELECT ON ogive.run_status TO ogive_reader, ogive_writer;
