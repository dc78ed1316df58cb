-- Nothing is merged for a single number: each list is searched.
CREATE OR REPLACE FUNCTION ogive_internal.count_below(
    draws integer, indexes integer[], tail integer[]
)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT width_bucket(draws - 1, indexes) + coalesce(width_bucket(draws - 1, tail), 0)
$$;

COMMENT ON FUNCTION ogive_internal.count_below(integer, integer[], integer[]) IS
    'How many draws of a table and of its tail are among draws 0 to draws - 1.';

GRANT EXECUTE ON FUNCTION ogive_internal.count_below(integer, integer[], integer[])
    TO ogive_reader, ogive_writer;
