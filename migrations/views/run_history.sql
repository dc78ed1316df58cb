CREATE OR REPLACE VIEW ogive.run_history AS
SELECT r.name AS run, h.at, h.draws, h.failures, h.tokens, h.run_id
FROM ogive.run_history_rows h
JOIN ogive.runs r ON r.id = h.run_id;

COMMENT ON VIEW ogive.run_history IS
    'Counters of runs over time: a row for each minute in which a coordinator led and the run was '
    'open, after 6 hours one an hour, after 14 days one a day.';
COMMENT ON COLUMN ogive.run_history.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_history.at IS 'When the counters were read.';
COMMENT ON COLUMN ogive.run_history.draws IS 'Draws that had landed for this run.';
COMMENT ON COLUMN ogive.run_history.failures IS
    'Draws of its scoring that were given up.';
COMMENT ON COLUMN ogive.run_history.tokens IS
    'Tokens that policy and scorer had read and written for it.';
COMMENT ON COLUMN ogive.run_history.run_id IS 'Number of the run.';

GRANT SELECT ON ogive.run_history TO ogive_reader, ogive_writer;
