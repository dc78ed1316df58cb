CREATE OR REPLACE VIEW ogive.unscored_completions AS
SELECT c.run, c.prompt_key, c.prompt_id, c.draw_index, c.text, c.log_probability, c.token_count,
    c.finish_reason, c.truncated, c.seed, c.worker, c.sample_ms, c.landed_at, c.raw,
    f.code AS failure_code, f.message AS failure_message, c.run_id, c.sampling_id, c.scoring_id,
    c.text_is_lossy
FROM ogive.run_completions c
LEFT JOIN ogive.failure_rows f ON f.scoring_id = c.scoring_id AND f.prompt_id = c.prompt_id
    AND f.item_kind = 'draw' AND f.item_index = c.draw_index
WHERE c.reward IS NULL;

COMMENT ON VIEW ogive.unscored_completions IS
    'Reference completions of a run that have no reward, and why where that is known.';
COMMENT ON COLUMN ogive.unscored_completions.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.unscored_completions.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.unscored_completions.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.unscored_completions.draw_index IS 'Index of the draw, from 0.';
COMMENT ON COLUMN ogive.unscored_completions.text IS
    'The completion as sampled; U+0000, which PostgreSQL cannot hold, shows as U+FFFD (see raw).';
COMMENT ON COLUMN ogive.unscored_completions.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL when not asked for '
    '(policy.logprobs: none) or text_is_lossy.';
COMMENT ON COLUMN ogive.unscored_completions.token_count IS
    'Number of tokens, the end token included; NULL when the server did not report it.';
COMMENT ON COLUMN ogive.unscored_completions.finish_reason IS
    'stop, length (max_tokens cut it off) or other.';
COMMENT ON COLUMN ogive.unscored_completions.truncated IS 'Whether max_tokens cut it off.';
COMMENT ON COLUMN ogive.unscored_completions.seed IS
    'The seed that was sent for it; NULL where none was.';
COMMENT ON COLUMN ogive.unscored_completions.worker IS 'The worker incarnation that made it.';
COMMENT ON COLUMN ogive.unscored_completions.sample_ms IS
    'Time of the request that made it, in milliseconds; NULL where it is not known.';
COMMENT ON COLUMN ogive.unscored_completions.landed_at IS 'When it was committed.';
COMMENT ON COLUMN ogive.unscored_completions.raw IS
    'The exact UTF-8 bytes where the text holds U+0000, else NULL.';
COMMENT ON COLUMN ogive.unscored_completions.failure_code IS
    'Why it has no reward, for example timeout; NULL while it is pending.';
COMMENT ON COLUMN ogive.unscored_completions.failure_message IS 'The same in words.';
COMMENT ON COLUMN ogive.unscored_completions.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.unscored_completions.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.unscored_completions.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.unscored_completions.text_is_lossy IS
    'Whether the text holds U+FFFD, which stands for bytes that were no whole character: no '
    'tokens give this text, so that a log-probability would be that of another one.';

GRANT SELECT ON ogive.unscored_completions TO ogive_reader, ogive_writer;
