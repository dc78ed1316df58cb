CREATE OR REPLACE FUNCTION ogive_internal.merged_rewards(
    indexes integer[], rewards float8[], tail_indexes integer[], tail_rewards float8[]
) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail_indexes IS NULL THEN rewards ELSE ARRAY(
        SELECT u.reward
        FROM unnest(indexes || tail_indexes, rewards || tail_rewards) u(index, reward)
        ORDER BY u.index) END
$$;

COMMENT ON FUNCTION ogive_internal.merged_rewards(integer[], float8[], integer[], float8[]) IS
    'The rewards of a table and of its tail, in the order of merged_indexes.';

GRANT EXECUTE ON FUNCTION ogive_internal.merged_rewards(integer[], float8[], integer[], float8[])
    TO ogive_reader, ogive_writer;
