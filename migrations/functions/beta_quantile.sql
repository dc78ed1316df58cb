CREATE OR REPLACE FUNCTION ogive.beta_quantile(p float8, a float8, b float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    low float8 := 0;
    high float8 := 1;
    x float8 := a / (a + b);
    following float8;
    excess float8;
    log_density float8;
BEGIN
    IF NOT (p >= 0 AND p <= 1) THEN
        RAISE EXCEPTION 'p must be in [0, 1], not %', p USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF p = 0 OR p = 1 THEN
        RETURN p;
    END IF;
    -- Newton's steps, and halves of the bracket where one would leave it.
    FOR step IN 1..200 LOOP
        excess := ogive.beta_cdf(x, a, b) - p;
        IF excess > 0 THEN high := x; ELSE low := x; END IF;
        log_density := ogive.beta_log_power(x, a, b) - ln(x) - ogive.log_one_plus(-x);
        following := CASE WHEN log_density BETWEEN -600 AND 600
            THEN x - excess / exp(log_density) ELSE -1 END;
        IF NOT (following > low AND following < high) THEN
            following := (low + high) / 2;
        END IF;
        IF abs(following - x) <= 1e-16 + 1e-15 * x THEN
            RETURN following;
        END IF;
        x := following;
    END LOOP;
    RETURN x;
END
$$;

COMMENT ON FUNCTION ogive.beta_quantile(float8, float8, float8) IS
    'The x with beta_cdf(x, a, b) = p, to about 1e-14.';

GRANT EXECUTE ON FUNCTION ogive.beta_quantile(float8, float8, float8) TO ogive_reader, ogive_writer;
