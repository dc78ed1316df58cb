CREATE OR REPLACE VIEW ogive.run_tables AS
SELECT t.run_id, 0::bigint AS snapshot_id, t.scoring_id, t.prompt_id, t.prompt_key, t.n, t.draws,
    t.complete, t.degenerate, t.rewards, t.draw_indexes, t.draw_rewards, NULL::integer[]
        AS unscored_indexes, k.candidate_indexes, k.candidate_rewards,
    k.candidate_log_probabilities
FROM ogive.quantile_tables t
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(x.candidate_index ORDER BY x.candidate_index), '{}')
            AS candidate_indexes,
        coalesce(array_agg(x.reward ORDER BY x.candidate_index), '{}') AS candidate_rewards,
        coalesce(array_agg(x.log_probability ORDER BY x.candidate_index), '{}')
            AS candidate_log_probabilities
    FROM ogive.candidates x
    WHERE x.run_id = t.run_id AND x.prompt_id = t.prompt_id AND x.reward IS NOT NULL
) k
UNION ALL
SELECT t.run_id, t.snapshot_id, t.scoring_id, t.prompt_id, t.prompt_key, t.n, t.draws,
    t.complete, t.degenerate, t.rewards, t.draw_indexes, t.draw_rewards, t.unscored_indexes,
    t.candidate_indexes, t.candidate_rewards, t.candidate_log_probabilities
FROM ogive.snapshot_tables t
WHERE t.n > 0;

COMMENT ON VIEW ogive.run_tables IS
    'ogive.quantile_tables with the rewards of candidates, as they are now (snapshot_id 0) and as '
    'snapshots hold them: what the functions for trainers read. Name run_id and snapshot_id.';
COMMENT ON COLUMN ogive.run_tables.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_tables.snapshot_id IS
    'Number of the snapshot; 0 for what is there now.';
COMMENT ON COLUMN ogive.run_tables.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.run_tables.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.run_tables.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.run_tables.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive.run_tables.draws IS 'Number of draws that the run asked for.';
COMMENT ON COLUMN ogive.run_tables.complete IS 'Whether all of them have a reward.';
COMMENT ON COLUMN ogive.run_tables.degenerate IS
    'Whether all rewards are equal; NULL without rewards.';
COMMENT ON COLUMN ogive.run_tables.rewards IS 'Raw rewards, sorted ascending.';
COMMENT ON COLUMN ogive.run_tables.draw_indexes IS 'Indexes of the draws with a reward, ascending.';
COMMENT ON COLUMN ogive.run_tables.draw_rewards IS 'Raw rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive.run_tables.unscored_indexes IS
    'Indexes of the draws with a completion and no reward; NULL for what is there now.';
COMMENT ON COLUMN ogive.run_tables.candidate_indexes IS 'Indexes of the candidates with a reward.';
COMMENT ON COLUMN ogive.run_tables.candidate_rewards IS
    'Raw rewards in the order of candidate_indexes.';
COMMENT ON COLUMN ogive.run_tables.candidate_log_probabilities IS
    'log pi_ref(y|x) in nats, in the order of candidate_indexes; NULL where there was none.';

GRANT SELECT ON ogive.run_tables TO ogive_reader, ogive_writer;
