CREATE OR REPLACE VIEW ogive.failures AS
SELECT r.name AS run, p.key AS prompt_key, f.prompt_id, f.item_kind, f.item_index, f.stage,
    f.code, f.message, f.attempts, f.worker, f.failed_at, r.id AS run_id, f.scoring_id
FROM ogive.runs r
JOIN ogive.failure_rows f ON f.scoring_id = r.scoring_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = f.prompt_id
JOIN ogive.prompt_rows p ON p.id = f.prompt_id
WHERE CASE f.item_kind WHEN 'draw' THEN f.item_index < coalesce(g.draws, r.min_draws, r.draws)
    ELSE r.scores_candidates END
UNION ALL
SELECT r.name, p.key, l.prompt_id, 'candidate_logprob', l.candidate_index, 'logprob',
    l.code, l.message, l.attempts, l.worker, l.landed_at, r.id, r.scoring_id
FROM ogive.runs r
JOIN ogive.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND r.candidate_log_probabilities AND l.code IS NOT NULL
JOIN ogive.prompt_rows p ON p.id = l.prompt_id;

COMMENT ON VIEW ogive.failures IS
    'Why draws of a run have no completion or reward, and candidates no reward or no '
    'log-probability: one row for each that is given up.';
COMMENT ON COLUMN ogive.failures.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.failures.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.failures.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.failures.item_kind IS
    'draw, candidate (its reward) or candidate_logprob (its log-probability).';
COMMENT ON COLUMN ogive.failures.item_index IS 'Index within its kind, from 0.';
COMMENT ON COLUMN ogive.failures.stage IS
    'sampling: there is no completion. scoring: there is one, but no reward. logprob: the policy '
    'did not report the log-probability of a candidate.';
COMMENT ON COLUMN ogive.failures.code IS 'Kind of failure, for example timeout or malformed.';
COMMENT ON COLUMN ogive.failures.message IS 'What is wrong, where, and what to do.';
COMMENT ON COLUMN ogive.failures.attempts IS 'How often it was tried.';
COMMENT ON COLUMN ogive.failures.worker IS 'The worker incarnation that gave up.';
COMMENT ON COLUMN ogive.failures.failed_at IS 'When the failure was committed.';
COMMENT ON COLUMN ogive.failures.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.failures.scoring_id IS 'Number of the scoring.';

GRANT SELECT ON ogive.failures TO ogive_reader, ogive_writer;
