CREATE OR REPLACE FUNCTION ogive.float_json(value float8) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    -- Up to 1e15 a whole number is written without an exponent. NaN is more than infinity.
    SELECT CASE WHEN abs(value) < 1e15 AND value = trunc(value) THEN value::text || '.0'
        WHEN abs(value) < 'Infinity' THEN value::text END::json
$$;

CREATE OR REPLACE FUNCTION ogive.float_json(numbers float8[]) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN numbers IS NOT NULL THEN '[' || coalesce((
        SELECT string_agg(
            coalesce(ogive.float_json(u.number)::text, 'null'), ', ' ORDER BY u.place)
        FROM unnest(numbers) WITH ORDINALITY u(number, place)), '') || ']' END::json
$$;

COMMENT ON FUNCTION ogive.float_json(float8) IS
    'A number as JSON that no reader takes for an integer: 1.0 in place of 1. NULL for NaN and '
    'infinities, which JSON cannot say.';
COMMENT ON FUNCTION ogive.float_json(float8[]) IS
    'Numbers as a JSON list, each as float_json(float8) writes it, null where that is NULL.';

GRANT EXECUTE ON FUNCTION ogive.float_json(float8), ogive.float_json(float8[])
    TO ogive_reader, ogive_writer;
