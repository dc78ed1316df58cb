CREATE OR REPLACE VIEW ogive.snapshot_tables AS
SELECT r.name AS run, s.name AS snapshot, p.key AS prompt_key, m.prompt_id,
    cardinality(m.draw_indexes) AS n, m.draws, cardinality(m.draw_indexes) = m.draws AS complete,
    m.rewards, m.draw_indexes, m.draw_rewards,
    m.rewards[1] = m.rewards[cardinality(m.rewards)] AS degenerate,
    m.unscored_indexes, m.candidate_indexes, m.candidate_rewards, m.candidate_log_probabilities,
    m.sha256, s.run_id, s.id AS snapshot_id, s.sampling_id, s.scoring_id
FROM ogive.snapshot_rows s
JOIN ogive.snapshot_table_rows m ON m.snapshot_id = s.id
JOIN ogive.runs r ON r.id = s.run_id
JOIN ogive.prompt_rows p ON p.id = m.prompt_id;

COMMENT ON VIEW ogive.snapshot_tables IS
    'ogive.quantile_tables as snapshots hold them: one row for each prompt of the set, n = 0 '
    'where it had no reward.';
COMMENT ON COLUMN ogive.snapshot_tables.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.snapshot_tables.snapshot IS 'Name of the snapshot.';
COMMENT ON COLUMN ogive.snapshot_tables.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.snapshot_tables.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.snapshot_tables.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive.snapshot_tables.draws IS 'Number of draws that the run asked for.';
COMMENT ON COLUMN ogive.snapshot_tables.complete IS 'Whether all of them have a reward.';
COMMENT ON COLUMN ogive.snapshot_tables.rewards IS
    'Raw rewards, sorted ascending; empty when n is 0.';
COMMENT ON COLUMN ogive.snapshot_tables.draw_indexes IS
    'Indexes of the draws with a reward, ascending.';
COMMENT ON COLUMN ogive.snapshot_tables.draw_rewards IS 'Raw rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive.snapshot_tables.degenerate IS
    'Whether all rewards are equal; NULL without rewards.';
COMMENT ON COLUMN ogive.snapshot_tables.unscored_indexes IS
    'Indexes of the draws with a completion and no reward.';
COMMENT ON COLUMN ogive.snapshot_tables.candidate_indexes IS
    'Indexes of the candidates with a reward.';
COMMENT ON COLUMN ogive.snapshot_tables.candidate_rewards IS
    'Raw rewards in the order of candidate_indexes.';
COMMENT ON COLUMN ogive.snapshot_tables.candidate_log_probabilities IS
    'log pi_ref(y|x) in nats, in the order of candidate_indexes; NULL where there was none.';
COMMENT ON COLUMN ogive.snapshot_tables.sha256 IS 'Checksum of the prompt: ogive.prompt_sha256.';
COMMENT ON COLUMN ogive.snapshot_tables.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.snapshot_tables.snapshot_id IS 'Number of the snapshot.';
COMMENT ON COLUMN ogive.snapshot_tables.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.snapshot_tables.scoring_id IS 'Number of the scoring.';

GRANT SELECT ON ogive.snapshot_tables TO ogive_reader, ogive_writer;
