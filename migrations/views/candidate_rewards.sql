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

COMMENT ON VIEW ogive.candidate_rewards IS
    'The numbers of ogive.candidates without the texts, of candidates that have a reward: for '
    'reading millions of quantile rewards at once.';
COMMENT ON COLUMN ogive.candidate_rewards.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.candidate_rewards.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidate_rewards.candidate_index IS 'Index of the candidate, from 0.';
COMMENT ON COLUMN ogive.candidate_rewards.reward IS 'Raw reward.';
COMMENT ON COLUMN ogive.candidate_rewards.quantile_reward IS
    'Share of the run''s reference rewards of the prompt that are at most this one, in [0, 1]; '
    'NULL while there are none.';
COMMENT ON COLUMN ogive.candidate_rewards.n IS
    'Number of these reference rewards; NULL while there are none.';
COMMENT ON COLUMN ogive.candidate_rewards.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.candidate_rewards.scoring_id IS 'Number of the scoring.';

GRANT SELECT ON ogive.candidate_rewards TO ogive_reader, ogive_writer;
