SET LOCAL ROLE ogive_owner;

ALTER TABLE ogive.runs ADD COLUMN samples boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN ogive.runs.samples IS
    'Whether missing completions are sampled; else only those that are stored are scored.';

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
COMMENT ON COLUMN ogive.run_status.target_draws IS
    'Draws asked for, of all prompts; of a run that samples nothing the draws that are stored.';
COMMENT ON COLUMN ogive.run_status.samples IS
    'Whether missing completions are sampled; else only those that are stored are scored.';

CREATE VIEW ogive.reward_pairs AS
SELECT r.name AS run, o.name AS other_run, p.key AS prompt_key, t.prompt_id, d.draw_index,
    d.reward, q.reward AS other_reward,
    ogive.quantile_reward(t.rewards, d.reward) AS quantile_reward,
    ogive.quantile_reward(u.rewards, q.reward) AS other_quantile_reward,
    t.n * ogive.quantile_reward(t.rewards, d.reward, 'mid') + 0.5 AS rank,
    u.n * ogive.quantile_reward(u.rewards, q.reward, 'mid') + 0.5 AS other_rank,
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
COMMENT ON COLUMN ogive.reward_pairs.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.reward_pairs.other_run IS 'Name of another run of the same sampling.';
COMMENT ON COLUMN ogive.reward_pairs.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.reward_pairs.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.reward_pairs.draw_index IS 'Index of the draw, from 0.';
COMMENT ON COLUMN ogive.reward_pairs.reward IS 'Raw reward in the run.';
COMMENT ON COLUMN ogive.reward_pairs.other_reward IS 'Raw reward in the other run.';
COMMENT ON COLUMN ogive.reward_pairs.quantile_reward IS
    'Share of the prompt''s rewards in the run that are at most this one.';
COMMENT ON COLUMN ogive.reward_pairs.other_quantile_reward IS 'The same in the other run.';
COMMENT ON COLUMN ogive.reward_pairs.rank IS
    'Rank of the reward among the prompt''s rewards in the run, from 1; ties share their mean '
    'rank, so that corr(rank, other_rank) is Spearman''s rank correlation.';
COMMENT ON COLUMN ogive.reward_pairs.other_rank IS 'The same in the other run.';
COMMENT ON COLUMN ogive.reward_pairs.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.reward_pairs.other_run_id IS 'Number of the other run.';
COMMENT ON COLUMN ogive.reward_pairs.sampling_id IS 'Number of the sampling that they share.';

GRANT SELECT ON ogive.reward_pairs TO ogive_reader, ogive_writer;
