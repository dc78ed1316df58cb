CREATE OR REPLACE FUNCTION ogive.run_id(run text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_id bigint;
BEGIN
    SELECT r.id INTO found_id FROM ogive.runs r WHERE r.name = run_id.run;
    IF found_id IS NULL THEN
        RAISE EXCEPTION 'there is no run named %', coalesce(quote_literal(run), 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
            HINT = coalesce('Runs: ' || (
                SELECT string_agg(name, ', ' ORDER BY name)
                FROM (SELECT r.name FROM ogive.runs r ORDER BY r.id DESC LIMIT 10) known),
                'There are no runs yet.');
    END IF;
    RETURN found_id;
END
$$;

COMMENT ON FUNCTION ogive.run_id(text) IS
    'The number of a run; an error that names the runs there are when it is unknown.';

GRANT EXECUTE ON FUNCTION ogive.run_id(text) TO ogive_reader, ogive_writer;
