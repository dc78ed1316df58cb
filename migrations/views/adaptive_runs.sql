CREATE OR REPLACE VIEW ogive.adaptive_runs AS
SELECT r.name AS run, r.min_draws, r.draws AS max_draws,
    (r.spec #>> '{adaptive,target_stderr}')::float8 AS target_standard_error,
    (r.spec #>> '{adaptive,mean}')::float8 AS mean_draws, r.id AS run_id
FROM ogive.runs r
WHERE r.min_draws IS NOT NULL;

COMMENT ON VIEW ogive.adaptive_runs IS
    'Runs whose number of draws follows from the first draws of each prompt: until candidates are '
    'as precise as asked for, or by Neyman allocation.';
COMMENT ON COLUMN ogive.adaptive_runs.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.adaptive_runs.min_draws IS
    'Draws that each prompt gets at first. Draws 0 to min_draws - 1 are an unbiased subset.';
COMMENT ON COLUMN ogive.adaptive_runs.max_draws IS 'The most draws of a prompt.';
COMMENT ON COLUMN ogive.adaptive_runs.target_standard_error IS
    'Largest standard error of a candidate''s quantile reward; NULL for an allocation.';
COMMENT ON COLUMN ogive.adaptive_runs.mean_draws IS
    'Draws of a prompt on average that are allocated; NULL for a precision.';
COMMENT ON COLUMN ogive.adaptive_runs.run_id IS 'Number of the run.';

GRANT SELECT ON ogive.adaptive_runs TO ogive_reader, ogive_writer;
