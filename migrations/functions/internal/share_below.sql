CREATE OR REPLACE FUNCTION ogive_internal.share_below(reward float8, sorted float8[], tail float8[])
RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail IS NULL THEN ogive.quantile_reward(sorted, reward)
        ELSE (width_bucket(reward, sorted) + width_bucket(reward, tail))::float8
            / (cardinality(sorted) + cardinality(tail)) + (reward - reward) END
$$;

COMMENT ON FUNCTION ogive_internal.share_below(float8, float8[], float8[]) IS
    'ogive.quantile_reward by a table and its tail.';

GRANT EXECUTE ON FUNCTION ogive_internal.share_below(float8, float8[], float8[])
    TO ogive_reader, ogive_writer;
