CREATE OR REPLACE FUNCTION ogive.mean_reward_spread(run text, snapshot text DEFAULT NULL)
RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    -- In one order, as sums of floats depend on it: the order of landing must not show.
    SELECT avg(ogive.reward_spread(t.rewards) ORDER BY t.prompt_id)
    FROM ogive.run_tables t
    WHERE t.run_id = (SELECT ogive.run_id(mean_reward_spread.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(mean_reward_spread.run, mean_reward_spread.snapshot))
$$;

COMMENT ON FUNCTION ogive.mean_reward_spread(text, text) IS
    'The mean of reward_spread over the prompts of a run or of a snapshot of it: what '
    'scaled-normal-icdf divides a prompt''s spread by (mean_std_ref_rewards of QRPO''s trainer). '
    'Reads all tables of the run.';

GRANT EXECUTE ON FUNCTION ogive.mean_reward_spread(text, text) TO ogive_reader, ogive_writer;
