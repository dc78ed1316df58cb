CREATE OR REPLACE FUNCTION ogive.quantile_reward_interval(
    rewards float8[], reward float8, level float8 DEFAULT 0.95, method text DEFAULT 'jeffreys',
    OUT lower float8, OUT upper float8
)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT i.lower, i.upper
    FROM ogive.share_interval(
        width_bucket(reward, rewards), cardinality(rewards), level, method) i
    WHERE reward > '-Infinity' AND reward < 'Infinity'
$$;

COMMENT ON FUNCTION ogive.quantile_reward_interval(float8[], float8, float8, text) IS
    'An interval for the quantile reward of reward: share_interval of the references at most '
    'reward. NULL when reward is not finite.';

GRANT EXECUTE ON FUNCTION ogive.quantile_reward_interval(float8[], float8, float8, text)
    TO ogive_reader, ogive_writer;
