CREATE OR REPLACE FUNCTION ogive.passed_count(rewards float8[], passes_from float8 DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    passed integer;
    odd float8;
BEGIN
    SELECT count(*) FILTER (WHERE reward >= coalesce(passes_from, 1)),
        min(reward) FILTER (WHERE reward NOT IN (0, 1)) INTO passed, odd
    FROM unnest(rewards) u(reward);
    IF passes_from IS NULL AND odd IS NOT NULL THEN
        RAISE EXCEPTION 'the reward % is neither 0 nor 1', odd
            USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Say by passes_from from which reward on a draw passes.';
    END IF;
    RETURN passed;
END
$$;

COMMENT ON FUNCTION ogive.passed_count(float8[], float8) IS
    'How many rewards passed: those of 1, where all are 0 or 1 (else an error); with passes_from '
    'those of at least so much.';

GRANT EXECUTE ON FUNCTION ogive.passed_count(float8[], float8) TO ogive_reader, ogive_writer;
