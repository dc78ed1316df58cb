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
