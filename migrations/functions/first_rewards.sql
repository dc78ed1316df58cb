CREATE OR REPLACE FUNCTION ogive.first_rewards(
    draw_indexes integer[], draw_rewards float8[], draws integer
) RETURNS float8[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    -- Indexes are ascending: width_bucket counts those that are at most draws - 1.
    SELECT CASE WHEN cardinality(draw_indexes) = 0 THEN '{}'::float8[] ELSE ARRAY(
        SELECT reward
        FROM unnest(draw_rewards[1:width_bucket(draws - 1, draw_indexes)]) u(reward)
        ORDER BY reward) END
$$;

COMMENT ON FUNCTION ogive.first_rewards(integer[], float8[], integer) IS
    'The sorted rewards of draws 0 to draws - 1 of a table: what a run with so many draws would '
    'have. With the min_draws of an adaptive run their number does not depend on any reward.';

GRANT EXECUTE ON FUNCTION ogive.first_rewards(integer[], float8[], integer)
    TO ogive_reader, ogive_writer;
