CREATE OR REPLACE FUNCTION ogive.quantile_standard_error(rewards float8[], reward float8)
RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT sqrt(ogive.quantile_reward(rewards, reward)
        * (1 - ogive.quantile_reward(rewards, reward)) / nullif(cardinality(rewards), 0))
$$;

COMMENT ON FUNCTION ogive.quantile_standard_error(float8[], float8) IS
    'sqrt(q (1 - q) / n): the standard error of quantile_reward(rewards, reward) as the table '
    'itself estimates it. 0 where no reference or every one is at most reward: there '
    'quantile_reward_interval says more.';

GRANT EXECUTE ON FUNCTION ogive.quantile_standard_error(float8[], float8)
    TO ogive_reader, ogive_writer;
