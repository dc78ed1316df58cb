CREATE OR REPLACE VIEW ogive.run_completions AS
SELECT r.name AS run, p.key AS prompt_key, p.id AS prompt_id, c.draw_index, c.text, w.reward,
    CASE WHEN o.n = t.n THEN ogive_internal.share_below(w.reward, t.rewards, t.tail_sorted)
        ELSE ogive.quantile_reward(
            ogive.first_rewards(
                ogive_internal.merged_indexes(t.draw_indexes, t.tail_indexes),
                ogive_internal.merged_rewards(
                    t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards),
                a.draws), w.reward)
        END AS quantile_reward,
    CASE WHEN NOT l.text_is_lossy THEN c.log_probability END AS log_probability,
    c.token_count, c.finish_reason, c.finish_reason = 'length' AS truncated,
    c.seed, c.worker, c.sample_ms, c.landed_at, c.raw, r.id AS run_id, r.sampling_id, r.scoring_id,
    c.token_ids, c.token_log_probabilities, l.text_is_lossy,
    c.log_probability AS sampled_log_probability
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = p.id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = p.id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE ogive_internal.count_below(a.draws, t.draw_indexes, t.tail_indexes) END AS n
) o
CROSS JOIN LATERAL ogive_internal.completions(r.sampling_id, p.id, a.draws) c
CROSS JOIN LATERAL (
    SELECT coalesce(ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index),
        ogive.reward_of_draw(t.tail_indexes, t.tail_rewards, c.draw_index)) AS reward
) w
CROSS JOIN LATERAL (
    SELECT CASE WHEN c.raw IS NULL THEN strpos(c.text, U&'\FFFD') > 0
        ELSE position('\xefbfbd'::bytea IN c.raw) > 0 END AS text_is_lossy
) l;

COMMENT ON VIEW ogive.run_completions IS
    'Reference completions of a run, draws 0 to its number of draws - 1 of each prompt, with a '
    'reward or without: what ogive.scored_completions and ogive.unscored_completions read.';
COMMENT ON COLUMN ogive.run_completions.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_completions.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.run_completions.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.run_completions.draw_index IS 'Index of the draw, from 0.';
COMMENT ON COLUMN ogive.run_completions.text IS
    'The completion as sampled; U+0000, which PostgreSQL cannot hold, shows as U+FFFD (see raw).';
COMMENT ON COLUMN ogive.run_completions.reward IS 'Raw reward; NULL while there is none.';
COMMENT ON COLUMN ogive.run_completions.quantile_reward IS
    'Share of the run''s reference rewards of the prompt that are at most this one, in (0, 1]; '
    'NULL while there is no reward.';
COMMENT ON COLUMN ogive.run_completions.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL when not asked for '
    '(policy.logprobs: none) or text_is_lossy.';
COMMENT ON COLUMN ogive.run_completions.token_count IS
    'Number of tokens, the end token included; NULL when the server did not report it.';
COMMENT ON COLUMN ogive.run_completions.finish_reason IS
    'stop, length (max_tokens cut it off) or other.';
COMMENT ON COLUMN ogive.run_completions.truncated IS 'Whether max_tokens cut it off.';
COMMENT ON COLUMN ogive.run_completions.seed IS
    'The seed that was sent for it; NULL where none was.';
COMMENT ON COLUMN ogive.run_completions.worker IS 'The worker incarnation that made it.';
COMMENT ON COLUMN ogive.run_completions.sample_ms IS
    'Time of the request that made it, in milliseconds; NULL where it is not known.';
COMMENT ON COLUMN ogive.run_completions.landed_at IS 'When it was committed.';
COMMENT ON COLUMN ogive.run_completions.raw IS
    'The exact UTF-8 bytes where the text holds U+0000, else NULL.';
COMMENT ON COLUMN ogive.run_completions.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_completions.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.run_completions.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.run_completions.token_ids IS
    'The sampled tokens, the end token included; NULL unless policy.logprobs is tokens and the '
    'server reported them.';
COMMENT ON COLUMN ogive.run_completions.token_log_probabilities IS
    'Their log-probabilities in nats, in the same order; NULL unless policy.logprobs is tokens.';
COMMENT ON COLUMN ogive.run_completions.text_is_lossy IS
    'Whether the text holds U+FFFD, which stands for bytes that were no whole character: no '
    'tokens give this text, so that a log-probability would be that of another one.';
COMMENT ON COLUMN ogive.run_completions.sampled_log_probability IS
    'The sum that the server reported with the draw, whatever became of the text: what checksums '
    'of snapshots are made of.';

GRANT SELECT ON ogive.run_completions TO ogive_reader, ogive_writer;
