CREATE OR REPLACE VIEW ogive.scored_completions AS
SELECT c.run, c.prompt_key, c.prompt_id, c.draw_index, c.text, c.reward, c.quantile_reward,
    c.log_probability, c.token_count, c.finish_reason, c.truncated, c.seed, c.worker, c.sample_ms,
    c.landed_at, c.raw, c.run_id, c.sampling_id, c.scoring_id, c.token_ids,
    c.token_log_probabilities, c.text_is_lossy
FROM ogive.run_completions c
WHERE c.reward IS NOT NULL;

COMMENT ON VIEW ogive.scored_completions IS
    'Reference completions that have a reward, one row for each run and draw; '
    'ogive.unscored_completions has those that have none.';
COMMENT ON COLUMN ogive.scored_completions.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.scored_completions.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.scored_completions.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.scored_completions.draw_index IS 'Index of the draw, from 0.';
COMMENT ON COLUMN ogive.scored_completions.text IS
    'The completion as sampled; U+0000, which PostgreSQL cannot hold, shows as U+FFFD (see raw).';
COMMENT ON COLUMN ogive.scored_completions.reward IS 'Raw reward.';
COMMENT ON COLUMN ogive.scored_completions.quantile_reward IS
    'Share of the run''s reference rewards of the prompt that are at most this one, in (0, 1]: a '
    'draw counts itself.';
COMMENT ON COLUMN ogive.scored_completions.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL when not asked for '
    '(policy.logprobs: none) or text_is_lossy.';
COMMENT ON COLUMN ogive.scored_completions.token_count IS
    'Number of tokens, the end token included; NULL when the server did not report it.';
COMMENT ON COLUMN ogive.scored_completions.finish_reason IS
    'stop, length (max_tokens cut it off) or other.';
COMMENT ON COLUMN ogive.scored_completions.truncated IS 'Whether max_tokens cut it off.';
COMMENT ON COLUMN ogive.scored_completions.seed IS
    'The seed that was sent for it; NULL where none was.';
COMMENT ON COLUMN ogive.scored_completions.worker IS 'The worker incarnation that made it.';
COMMENT ON COLUMN ogive.scored_completions.sample_ms IS
    'Time of the request that made it, in milliseconds; NULL where it is not known.';
COMMENT ON COLUMN ogive.scored_completions.landed_at IS 'When it was committed.';
COMMENT ON COLUMN ogive.scored_completions.raw IS
    'The exact UTF-8 bytes where the text holds U+0000, else NULL.';
COMMENT ON COLUMN ogive.scored_completions.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.scored_completions.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.scored_completions.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.scored_completions.token_ids IS
    'The sampled tokens, the end token included; NULL unless policy.logprobs is tokens and the '
    'server reported them.';
COMMENT ON COLUMN ogive.scored_completions.token_log_probabilities IS
    'Their log-probabilities in nats, in the same order; NULL unless policy.logprobs is tokens.';
COMMENT ON COLUMN ogive.scored_completions.text_is_lossy IS
    'Whether the text holds U+FFFD, which stands for bytes that were no whole character: no '
    'tokens give this text, so that a log-probability would be that of another one.';

GRANT SELECT ON ogive.scored_completions TO ogive_reader, ogive_writer;
