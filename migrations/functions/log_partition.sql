CREATE OR REPLACE FUNCTION ogive.log_partition(
    beta float8, transform text DEFAULT 'identity', spread float8 DEFAULT 1
) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    y float8;
    y2 float8;
BEGIN
    IF NOT (beta > 0 AND beta < 'Infinity') THEN
        RAISE EXCEPTION 'beta must be more than 0 and finite, not %', beta
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CASE transform
    WHEN 'identity' THEN
        NULL;
    WHEN 'log' THEN
        RETURN -ogive.log_one_plus(1 / beta);
    WHEN 'normal-icdf' THEN
        RETURN 0.5::float8 / beta / beta;
    WHEN 'scaled-normal-icdf' THEN
        RETURN 0.5::float8 * (spread / beta) * (spread / beta);
    ELSE
        RAISE EXCEPTION 'transform must be ''identity'', ''log'', ''normal-icdf'' or '
            '''scaled-normal-icdf'', not ''%''', transform
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;
    -- With y = 1/(2 beta): log Z = log((e^2y - 1) / 2y) = y + log(sinh(y) / y).
    y := 0.5::float8 / beta;
    IF y < 0.1 THEN
        -- The Taylor series of log(sinh(y) / y): the logarithm of a number near 1 loses digits.
        y2 := y * y;
        RETURN y + y2 * (1.0::float8 / 6 - y2 * (1.0::float8 / 180 - y2 * (1.0::float8 / 2835
            - y2 * (1.0::float8 / 37800 - y2 / 467775))));
    ELSIF y < 20 THEN
        RETURN y + ln(sinh(y) / y);
    END IF;
    -- e^-2y is below the last digit, and sinh would overflow later on.
    RETURN 2 * y - ln(2 * y);
EXCEPTION
    WHEN numeric_value_out_of_range THEN
        -- 1/beta overflows, or a square underflows, where log Z is y in all digits.
        IF beta > 1 THEN
            RETURN CASE transform WHEN 'identity' THEN 0.5::float8 / beta
                WHEN 'log' THEN -1 / beta ELSE 0 END;
        END IF;
        RAISE EXCEPTION 'log Z is too large for beta = %', beta
            USING ERRCODE = 'numeric_value_out_of_range';
END
$$;

COMMENT ON FUNCTION ogive.log_partition(float8, text, float8) IS
    'log Z(beta) of QRPO (arXiv 2507.08068) for quantile rewards, uniform on [0, 1] under the '
    'reference policy, in nats. identity: log(beta (exp(1/beta) - 1)); log: log(beta / (1 + '
    'beta)); normal-icdf: 1 / (2 beta^2); scaled-normal-icdf: spread^2 times that. Exact to about '
    '1e-15 for small and large beta.';

GRANT EXECUTE ON FUNCTION ogive.log_partition(float8, text, float8) TO ogive_reader, ogive_writer;
