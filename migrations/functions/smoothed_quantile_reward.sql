CREATE OR REPLACE FUNCTION ogive.smoothed_quantile_reward(rewards float8[], reward float8)
RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT (width_bucket(reward, rewards) + 1)::float8 / (cardinality(rewards) + 2)
        + (reward - reward)
$$;

COMMENT ON FUNCTION ogive.smoothed_quantile_reward(float8[], float8) IS
    '(k + 1) / (n + 2) with k the references at most reward: Laplace''s rule of succession, never '
    '0 or 1.';

GRANT EXECUTE ON FUNCTION ogive.smoothed_quantile_reward(float8[], float8)
    TO ogive_reader, ogive_writer;
