CREATE OR REPLACE FUNCTION ogive.log_one_plus(x float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    -- Kahan's correction of the rounding of 1 + x.
    SELECT CASE WHEN 1 + x = 1 THEN x ELSE ln(1 + x) * x / ((1 + x) - 1) END
$$;

COMMENT ON FUNCTION ogive.log_one_plus(float8) IS 'log(1 + x), exact for small x.';

GRANT EXECUTE ON FUNCTION ogive.log_one_plus(float8) TO ogive_reader, ogive_writer;
