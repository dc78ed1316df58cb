CREATE OR REPLACE FUNCTION ogive.is_one_of(what text, given text, VARIADIC allowed text[])
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF given = ANY (allowed) THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION '% must be one of %, not %', what, array_to_string(allowed, ', '),
        coalesce(quote_literal(given), 'NULL')
        USING ERRCODE = 'invalid_parameter_value';
END
$$;

COMMENT ON FUNCTION ogive.is_one_of(text, text, text[]) IS
    'True, or an error that names the choices: so that a misspelt choice is not an empty result.';

GRANT EXECUTE ON FUNCTION ogive.is_one_of(text, text, text[]) TO ogive_reader, ogive_writer;
