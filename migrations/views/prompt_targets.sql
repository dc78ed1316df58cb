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

GRANT SELECT ON ogive.prompt_targets TO ogive_reader, ogive_writer;
