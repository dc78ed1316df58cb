-- The planner prunes partitions by constants, not by a column of another table: where a view joins,
-- one statement for each prompt reads the one partition. It names that partition: by way of the
-- parent, the first statement of a session would learn of all partitions. The sampling is the same
-- in all rows of its partition, but the index begins with it.
CREATE OR REPLACE FUNCTION ogive_internal.completions(
    sampling bigint, prompt bigint, draws integer
) RETURNS SETOF ogive.completion_rows
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 32
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    partition_name text := 'completion_rows_' || sampling;
BEGIN
    IF to_regclass('ogive.' || partition_name) IS NOT NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT * FROM ogive.%I WHERE sampling_id = $1 AND prompt_id = $2 AND draw_index < $3',
            partition_name) USING sampling, prompt, draws;
    END IF;
END
$$;

COMMENT ON FUNCTION ogive_internal.completions(bigint, bigint, integer) IS
    'The completions of draws 0 to draws - 1 of a prompt; none where there is no such sampling.';

GRANT EXECUTE ON FUNCTION ogive_internal.completions(bigint, bigint, integer)
    TO ogive_reader, ogive_writer;
