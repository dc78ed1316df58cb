CREATE OR REPLACE VIEW ogive.snapshots AS
SELECT r.name AS run, s.name AS snapshot, s.made_at, s.is_complete AS complete,
    (s.manifest #>> '{counts,prompts}')::bigint AS prompts,
    (s.manifest #>> '{counts,draws}')::bigint AS draws,
    (s.manifest #>> '{counts,rewards}')::bigint AS rewards,
    (s.manifest #>> '{counts,failures}')::bigint AS failures,
    (s.manifest #>> '{counts,candidates}')::bigint AS candidates,
    encode(s.sha256, 'hex') AS sha256, s.manifest, s.id AS snapshot_id, s.run_id, s.sampling_id,
    s.scoring_id
FROM ogive.snapshot_rows s
JOIN ogive.runs r ON r.id = s.run_id;

COMMENT ON VIEW ogive.snapshots IS
    'Named versions of runs that nothing changes any more: one row each.';
COMMENT ON COLUMN ogive.snapshots.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.snapshots.snapshot IS 'Name of the snapshot, unique within the run.';
COMMENT ON COLUMN ogive.snapshots.made_at IS 'When it was made.';
COMMENT ON COLUMN ogive.snapshots.complete IS 'Whether nothing of the run was pending then.';
COMMENT ON COLUMN ogive.snapshots.prompts IS 'Prompts of the set.';
COMMENT ON COLUMN ogive.snapshots.draws IS 'Completions that it holds.';
COMMENT ON COLUMN ogive.snapshots.rewards IS 'Those of them with a reward.';
COMMENT ON COLUMN ogive.snapshots.failures IS 'Draws that had failed.';
COMMENT ON COLUMN ogive.snapshots.candidates IS 'Candidates with a reward.';
COMMENT ON COLUMN ogive.snapshots.sha256 IS
    'Checksum of all it holds: the SHA-256 of ogive.snapshot_tables.sha256 of all prompts, in '
    'order of their keys.';
COMMENT ON COLUMN ogive.snapshots.manifest IS
    'What it is: specifications, fingerprints, counts, versions.';
COMMENT ON COLUMN ogive.snapshots.snapshot_id IS 'Number of the snapshot.';
COMMENT ON COLUMN ogive.snapshots.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.snapshots.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.snapshots.scoring_id IS 'Number of the scoring.';

GRANT SELECT ON ogive.snapshots TO ogive_reader, ogive_writer;
