CREATE OR REPLACE FUNCTION ogive.beta_log_power(x float8, a float8, b float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mean_a float8 := (a + b) * x;
    mean_b float8 := (a + b) * (1 - x);
    excess_a float8 := (a - mean_a) / mean_a;
    excess_b float8 := (b - mean_b) / mean_b;
BEGIN
    RETURN ogive.stirling_error(a + b) - ogive.stirling_error(a) - ogive.stirling_error(b)
        + 0.5 * ln(a / (a + b) * b / (2 * pi()))
        - mean_a * ((1 + excess_a) * ogive.log_one_plus(excess_a) - excess_a)
        - mean_b * ((1 + excess_b) * ogive.log_one_plus(excess_b) - excess_b);
END
$$;

COMMENT ON FUNCTION ogive.beta_log_power(float8, float8, float8) IS
    'log(x^a (1 - x)^b / B(a, b)) for 0 < x < 1, without cancellation (Loader 2000).';

GRANT EXECUTE ON FUNCTION ogive.beta_log_power(float8, float8, float8)
    TO ogive_reader, ogive_writer;
