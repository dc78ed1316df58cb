CREATE OR REPLACE FUNCTION ogive.preference_probability(a float8, b float8, scale float8 DEFAULT 1)
RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN NOT (scale > 0) OR abs(a) = 'Infinity' OR abs(b) = 'Infinity' THEN NULL
        WHEN (a - b) / scale < -700 THEN 0
        WHEN (a - b) / scale > 700 THEN 1
        WHEN a >= b THEN 1 / (1 + exp(-(a - b) / scale))
        ELSE exp((a - b) / scale) / (1 + exp((a - b) / scale)) END
$$;

COMMENT ON FUNCTION ogive.preference_probability(float8, float8, float8) IS
    'sigma((a - b) / scale): how probably a completion with reward a is preferred to one with '
    'reward b (Bradley and Terry 1952). NULL outside of its domain.';

GRANT EXECUTE ON FUNCTION ogive.preference_probability(float8, float8, float8)
    TO ogive_reader, ogive_writer;
