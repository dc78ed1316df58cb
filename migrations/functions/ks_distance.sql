CREATE OR REPLACE FUNCTION ogive.ks_distance(rewards float8[], other_rewards float8[])
RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN cardinality(rewards) > 0 AND cardinality(other_rewards) > 0 THEN
        ogive_internal.ks_steps(rewards, other_rewards)::float8
            / (cardinality(rewards)::bigint * cardinality(other_rewards)) END
$$;

COMMENT ON FUNCTION ogive.ks_distance(float8[], float8[]) IS
    'The distance of Kolmogorov and Smirnov between two sorted tables: the largest difference of '
    'their shares of rewards at most x, over all x. NULL when one is empty.';

GRANT EXECUTE ON FUNCTION ogive.ks_distance(float8[], float8[]) TO ogive_reader, ogive_writer;
