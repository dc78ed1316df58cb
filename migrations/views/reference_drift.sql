CREATE OR REPLACE VIEW ogive.reference_drift AS
SELECT v.parent_run, v.run, d.prompt_key, d.prompt_id, d.n AS parent_n, d.other_n AS n,
    d.complete, d.ks_distance, d.ks_p_value, d.mean AS parent_mean, d.other_mean AS mean,
    d.mean_shift, d.mean_shift_standard_error, d.quantile_shifts[1] AS median_shift, v.run_id
FROM ogive.reference_versions v
CROSS JOIN LATERAL ogive.drift(v.parent_run, v.run, '{0.5}') d
WHERE v.parent_run IS NOT NULL;

COMMENT ON VIEW ogive.reference_drift IS
    'How far the distribution of reward of each prompt moved from a run''s parent version '
    '(ogive.reference_versions) to the run: ogive.drift of both. Name run in the WHERE clause.';
COMMENT ON COLUMN ogive.reference_drift.parent_run IS 'The run of the version before.';
COMMENT ON COLUMN ogive.reference_drift.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.reference_drift.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.reference_drift.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.reference_drift.parent_n IS 'Rewards of the prompt in the parent run.';
COMMENT ON COLUMN ogive.reference_drift.n IS 'Rewards of the prompt in the run.';
COMMENT ON COLUMN ogive.reference_drift.complete IS 'Whether all draws of both have a reward.';
COMMENT ON COLUMN ogive.reference_drift.ks_distance IS
    'Distance of Kolmogorov and Smirnov between both tables.';
COMMENT ON COLUMN ogive.reference_drift.ks_p_value IS 'Its p-value (ogive.ks_p_value).';
COMMENT ON COLUMN ogive.reference_drift.parent_mean IS 'Mean reward in the parent run.';
COMMENT ON COLUMN ogive.reference_drift.mean IS 'Mean reward in the run.';
COMMENT ON COLUMN ogive.reference_drift.mean_shift IS 'mean - parent_mean.';
COMMENT ON COLUMN ogive.reference_drift.mean_shift_standard_error IS
    'Standard error of mean_shift (Welch); NULL with one reward.';
COMMENT ON COLUMN ogive.reference_drift.median_shift IS
    'The median (ogive.quantile) of the run less that of the parent run.';
COMMENT ON COLUMN ogive.reference_drift.run_id IS 'Number of the run.';

GRANT SELECT ON ogive.reference_drift TO ogive_reader, ogive_writer;
