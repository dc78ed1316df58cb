CREATE OR REPLACE FUNCTION ogive_internal.merged_sorted(sorted float8[], tail float8[])
RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail IS NULL THEN sorted ELSE ARRAY(
        SELECT u.reward FROM unnest(sorted || tail) u(reward) ORDER BY u.reward) END
$$;

COMMENT ON FUNCTION ogive_internal.merged_sorted(float8[], float8[]) IS
    'The rewards of a table and of its tail, sorted.';

GRANT EXECUTE ON FUNCTION ogive_internal.merged_sorted(float8[], float8[])
    TO ogive_reader, ogive_writer;
