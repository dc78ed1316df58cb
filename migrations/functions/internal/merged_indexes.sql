-- Two ascending lists are merged only where a table is read whole while it grows.
CREATE OR REPLACE FUNCTION ogive_internal.merged_indexes(indexes integer[], tail integer[])
RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN tail IS NULL THEN indexes ELSE ARRAY(
        SELECT u.index FROM unnest(indexes || tail) u(index) ORDER BY u.index) END
$$;

COMMENT ON FUNCTION ogive_internal.merged_indexes(integer[], integer[]) IS
    'The draw indexes of a table and of its tail, ascending.';

GRANT EXECUTE ON FUNCTION ogive_internal.merged_indexes(integer[], integer[])
    TO ogive_reader, ogive_writer;
