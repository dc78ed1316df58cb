CREATE OR REPLACE FUNCTION ogive.band_half_width(n bigint, level float8 DEFAULT 0.95) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN n > 0 AND level > 0 AND level < 1 THEN sqrt(ln(2 / (1 - level)) / (2 * n)) END
$$;

COMMENT ON FUNCTION ogive.band_half_width(bigint, float8) IS
    'Half the width of a band that holds the whole distribution function with probability level '
    '(Dvoretzky, Kiefer and Wolfowitz 1956; Massart 1990). NULL outside of its domain.';

GRANT EXECUTE ON FUNCTION ogive.band_half_width(bigint, float8) TO ogive_reader, ogive_writer;
