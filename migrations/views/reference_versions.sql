CREATE OR REPLACE VIEW ogive.reference_versions AS
WITH RECURSIVE versions AS (
    SELECT s.id, 1 AS version FROM ogive.samplings s
    WHERE NOT EXISTS (SELECT FROM ogive.samplings a WHERE a.spec_sha256 = s.parent_sha256)
    UNION ALL
    SELECT s.id, v.version + 1
    FROM versions v
    JOIN ogive.samplings a ON a.id = v.id
    JOIN ogive.samplings s ON s.parent_sha256 = a.spec_sha256
)
SELECT r.name AS run, v.version, s.spec #>> '{policy,model}' AS model,
    s.spec #>> '{policy,revision}' AS revision, p.run AS parent_run,
    a.spec #>> '{policy,revision}' AS parent_revision,
    encode(s.spec_sha256, 'hex') AS sampling_sha256,
    encode(s.parent_sha256, 'hex') AS parent_sha256, s.created_at, r.id AS run_id,
    r.sampling_id, a.id AS parent_sampling_id
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.scorings g ON g.id = r.scoring_id
JOIN versions v ON v.id = s.id
LEFT JOIN ogive.samplings a ON a.spec_sha256 = s.parent_sha256
LEFT JOIN LATERAL (
    SELECT o.name AS run FROM ogive.runs o
    JOIN ogive.scorings k ON k.id = o.scoring_id
    WHERE o.sampling_id = a.id AND k.spec -> 'scorer' = g.spec -> 'scorer'
    ORDER BY o.id LIMIT 1
) p ON true;

COMMENT ON VIEW ogive.reference_versions IS
    'The reference version of each run: its sampling, and the one from which `ogive refresh` made '
    'it when the reference model moved.';
COMMENT ON COLUMN ogive.reference_versions.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.reference_versions.version IS
    'From 1, one more than that of the parent; 1 where the parent was dropped.';
COMMENT ON COLUMN ogive.reference_versions.model IS 'The model as its server calls it.';
COMMENT ON COLUMN ogive.reference_versions.revision IS
    'The label that tells two versions of the model apart; NULL without one.';
COMMENT ON COLUMN ogive.reference_versions.parent_run IS
    'The first run of the same scorer on the parent sampling; NULL without one.';
COMMENT ON COLUMN ogive.reference_versions.parent_revision IS
    'revision of the parent sampling; NULL without one.';
COMMENT ON COLUMN ogive.reference_versions.sampling_sha256 IS
    'SHA-256 of the sampling''s canonical specification, in hexadecimal.';
COMMENT ON COLUMN ogive.reference_versions.parent_sha256 IS
    'The same of the parent sampling, also when that was dropped; NULL without a parent.';
COMMENT ON COLUMN ogive.reference_versions.created_at IS 'When a run first asked for the sampling.';
COMMENT ON COLUMN ogive.reference_versions.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.reference_versions.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.reference_versions.parent_sampling_id IS
    'Number of the parent sampling; NULL without one, or when it was dropped.';

GRANT SELECT ON ogive.reference_versions TO ogive_reader, ogive_writer;
