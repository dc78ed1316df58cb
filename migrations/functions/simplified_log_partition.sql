CREATE OR REPLACE FUNCTION ogive.simplified_log_partition(beta float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN beta > 0 AND beta < 'Infinity' THEN ln(beta) + 1 / beta END
$$;

COMMENT ON FUNCTION ogive.simplified_log_partition(float8) IS
    'log beta + 1/beta: what QRPO''s trainer uses for the identity transform, without the term '
    'log1p(-exp(-1/beta)). NULL outside of its domain.';

GRANT EXECUTE ON FUNCTION ogive.simplified_log_partition(float8) TO ogive_reader, ogive_writer;
