CREATE OR REPLACE VIEW ogive.pending_work AS
SELECT v.run, v.policy, v.scorer, v.pending AS draws, w.candidates, w.log_probabilities,
    v.pending + w.candidates + w.log_probabilities AS items, v.run_id
FROM ogive.run_status v
CROSS JOIN LATERAL (
    SELECT greatest(0, v.target_candidates - v.landed_candidates - v.candidate_failures)
            AS candidates,
        greatest(0, v.target_log_probabilities - v.landed_log_probabilities
            - v.log_probability_failures) AS log_probabilities
) w
WHERE v.state = 'open';

COMMENT ON VIEW ogive.pending_work IS
    'What is still to be done of each open run, for those that start and end workers: an '
    'autoscaler sums items of the policy that its workers serve, as ogive slurm does.';
COMMENT ON COLUMN ogive.pending_work.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.pending_work.policy IS
    'Model id of the reference policy; NULL where it has none.';
COMMENT ON COLUMN ogive.pending_work.scorer IS
    'Model id or name of the scorer; NULL where it has none.';
COMMENT ON COLUMN ogive.pending_work.draws IS
    'Draws to be done, those that workers are doing included.';
COMMENT ON COLUMN ogive.pending_work.candidates IS 'Candidates to be scored.';
COMMENT ON COLUMN ogive.pending_work.log_probabilities IS
    'Candidates whose log-probability is to be determined.';
COMMENT ON COLUMN ogive.pending_work.items IS 'Draws, candidates and log-probabilities together.';
COMMENT ON COLUMN ogive.pending_work.run_id IS 'Number of the run.';

GRANT SELECT ON ogive.pending_work TO ogive_reader, ogive_writer;
