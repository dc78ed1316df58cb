CREATE OR REPLACE VIEW ogive.run_specifications AS
SELECT r.name AS run, r.spec AS run_spec, s.spec AS sampling_spec,
    encode(s.spec_sha256, 'hex') AS sampling_sha256, s.policy_fingerprint,
    g.spec AS scoring_spec, encode(g.spec_sha256, 'hex') AS scoring_sha256, g.scorer_fingerprint,
    r.id AS run_id, r.sampling_id, r.scoring_id,
    s.prompt_set_id
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.scorings g ON g.id = r.scoring_id;

COMMENT ON VIEW ogive.run_specifications IS
    'What each run samples and scores, and what the servers said of themselves: what a report or '
    'a paper quotes. Specifications hold no addresses and no keys.';
COMMENT ON COLUMN ogive.run_specifications.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_specifications.run_spec IS 'The run''s specification.';
COMMENT ON COLUMN ogive.run_specifications.sampling_spec IS
    'The sampling''s: prompt set, policy, sampling parameters.';
COMMENT ON COLUMN ogive.run_specifications.sampling_sha256 IS
    'SHA-256 of its canonical form, in hexadecimal.';
COMMENT ON COLUMN ogive.run_specifications.policy_fingerprint IS
    'What the policy''s server said of itself when the first draws were leased; NULL until then.';
COMMENT ON COLUMN ogive.run_specifications.scoring_spec IS
    'The scoring''s: the sampling''s, and the scorer.';
COMMENT ON COLUMN ogive.run_specifications.scoring_sha256 IS
    'SHA-256 of its canonical form, in hexadecimal.';
COMMENT ON COLUMN ogive.run_specifications.scorer_fingerprint IS
    'What the scorer said of itself when the first work was leased; NULL until then.';
COMMENT ON COLUMN ogive.run_specifications.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_specifications.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.run_specifications.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.run_specifications.prompt_set_id IS 'Number of the prompt set.';

GRANT SELECT ON ogive.run_specifications TO ogive_reader, ogive_writer;
