CREATE OR REPLACE VIEW ogive.candidates AS
SELECT r.name AS run, p.key AS prompt_key, k.prompt_id, k.candidate_index, k.label, k.text,
    k.metadata, w.reward,
    CASE WHEN o.n = t.n THEN ogive_internal.share_below(w.reward, t.rewards, t.tail_sorted)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(
                ogive_internal.merged_indexes(t.draw_indexes, t.tail_indexes),
                ogive_internal.merged_rewards(
                    t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards),
                a.draws), w.reward)
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
        ELSE ogive_internal.count_below(a.draws, t.draw_indexes, t.tail_indexes) END AS n
) o;

COMMENT ON VIEW ogive.candidates IS
    'Completions that came with the prompts, with their rewards, one row for each run and '
    'candidate.';
COMMENT ON COLUMN ogive.candidates.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.candidates.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.candidates.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidates.candidate_index IS 'Index of the candidate, from 0.';
COMMENT ON COLUMN ogive.candidates.label IS 'chosen, rejected, or any label of the file.';
COMMENT ON COLUMN ogive.candidates.text IS 'The completion.';
COMMENT ON COLUMN ogive.candidates.metadata IS 'What the file said of it, for example a reward.';
COMMENT ON COLUMN ogive.candidates.reward IS 'Raw reward; NULL while there is none.';
COMMENT ON COLUMN ogive.candidates.quantile_reward IS
    'Share of the run''s reference rewards of the prompt that are at most this one, in [0, 1]; '
    'NULL while there is no reward or no reference.';
COMMENT ON COLUMN ogive.candidates.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.candidates.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.candidates.log_probability IS
    'log pi_ref(y|x) under the run''s policy at temperature 1, in nats, the end token included; '
    'NULL while there is none, or none was asked for.';
COMMENT ON COLUMN ogive.candidates.token_count IS
    'Number of its tokens under the policy, the end token included; NULL without log_probability.';
COMMENT ON COLUMN ogive.candidates.token_ids IS
    'These tokens; NULL unless policy.logprobs is tokens.';
COMMENT ON COLUMN ogive.candidates.token_log_probabilities IS
    'Their log-probabilities in nats, in the same order; NULL unless policy.logprobs is tokens.';

GRANT SELECT ON ogive.candidates TO ogive_reader, ogive_writer;
