CREATE OR REPLACE FUNCTION ogive.transform_quantile(
    q float8, n bigint, transform text, spread float8 DEFAULT 1
) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT (q >= 0 AND q <= 1 AND n > 0) THEN
        RAISE EXCEPTION 'q must be in [0, 1] and n more than 0, not % and %', q, n
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CASE transform
    WHEN 'identity' THEN
        RETURN q;
    WHEN 'log' THEN
        RETURN ln(greatest(q, 1 / n::float8));
    WHEN 'normal-icdf', 'scaled-normal-icdf' THEN
        IF n < 2 THEN
            RETURN 'NaN';
        END IF;
        RETURN CASE transform WHEN 'normal-icdf' THEN 1 ELSE spread END * ogive.normal_quantile(
            least(greatest(q, 1 / n::float8), (n - 1) / n::float8));
    ELSE
        RAISE EXCEPTION 'transform must be ''identity'', ''log'', ''normal-icdf'' or '
            '''scaled-normal-icdf'', not ''%''', transform
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END
$$;

COMMENT ON FUNCTION ogive.transform_quantile(float8, bigint, text, float8) IS
    'What a trainer makes of a quantile reward q from n references (arXiv 2507.08068), clamped as '
    'its trainer does: identity q; log log q with q >= 1/n; normal-icdf Phi^-1(q) with q in [1/n, '
    '(n-1)/n]; scaled-normal-icdf spread times that. NaN for the normal ones when n = 1.';

GRANT EXECUTE ON FUNCTION ogive.transform_quantile(float8, bigint, text, float8)
    TO ogive_reader, ogive_writer;
