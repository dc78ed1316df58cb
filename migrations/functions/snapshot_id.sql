CREATE OR REPLACE FUNCTION ogive.snapshot_id(run text, snapshot text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_run bigint := ogive.run_id(run);
    found_id bigint;
BEGIN
    IF snapshot IS NULL THEN
        RETURN 0;
    END IF;
    SELECT s.id INTO found_id FROM ogive.snapshot_rows s
    WHERE s.run_id = found_run AND s.name = snapshot_id.snapshot;
    IF found_id IS NULL THEN
        RAISE EXCEPTION 'run % has no snapshot named %', quote_literal(run),
            quote_literal(snapshot)
            USING ERRCODE = 'invalid_parameter_value',
            HINT = coalesce('Snapshots: ' || (
                SELECT string_agg(name, ', ' ORDER BY name)
                FROM (SELECT s.name FROM ogive.snapshot_rows s WHERE s.run_id = found_run
                    ORDER BY s.id DESC LIMIT 10) known),
                'There are none yet: `ogive snapshot RUN NAME` makes one.');
    END IF;
    RETURN found_id;
END
$$;

COMMENT ON FUNCTION ogive.snapshot_id(text, text) IS
    'The number of a snapshot, 0 for NULL, which stands for what is there now; an error that '
    'names the snapshots there are when it is unknown.';

GRANT EXECUTE ON FUNCTION ogive.snapshot_id(text, text) TO ogive_reader, ogive_writer;
