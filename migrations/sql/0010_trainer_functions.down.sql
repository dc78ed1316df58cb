SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.majority_preference(integer, float8, float8, float8);
DROP FUNCTION ogive.preference_probability(float8, float8, float8);
DROP FUNCTION ogive.empirical_log_partition(float8[], float8, text, float8);
DROP FUNCTION ogive.simplified_log_partition(float8);
DROP FUNCTION ogive.log_partition(float8, text, float8);
DROP FUNCTION ogive.transform_quantile(float8, bigint, text, float8);
DROP FUNCTION ogive.quantile_interval(float8[], float8, float8);
DROP FUNCTION ogive.soft_value(float8[], float8);
DROP FUNCTION ogive.mean_value(float8[]);
DROP FUNCTION ogive.effective_count(float8[]);
DROP FUNCTION ogive.band_half_width(bigint, float8);
DROP FUNCTION ogive.smoothed_quantile_reward(float8[], float8);
DROP FUNCTION ogive.quantile_reward_interval(float8[], float8, float8, text);
DROP FUNCTION ogive.quantile_standard_error(float8[], float8);
DROP FUNCTION ogive.share_interval(bigint, bigint, float8, text);

CREATE FUNCTION ogive.log_partition(beta float8, transform text DEFAULT 'identity')
RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    y float8;
    y2 float8;
BEGIN
    IF transform <> 'identity' THEN
        RAISE EXCEPTION 'transform must be ''identity'', not ''%''', transform
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT (beta > 0 AND beta < 'Infinity') THEN
        RAISE EXCEPTION 'beta must be more than 0 and finite, not %', beta
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
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
        -- 1/beta overflows, or y squared underflows, where log Z is y in all digits.
        IF beta > 1 THEN
            RETURN 0.5::float8 / beta;
        END IF;
        RAISE EXCEPTION 'log Z is too large for beta = %', beta
            USING ERRCODE = 'numeric_value_out_of_range';
END
$$;
COMMENT ON FUNCTION ogive.log_partition(float8, text) IS
    'log Z(beta) of QRPO (arXiv 2507.08068) for quantile rewards, uniform on [0, 1] under the '
    'reference policy: log(beta (exp(1/beta) - 1)), in nats, exact to about 1e-15 for small and '
    'large beta. transform: identity.';

GRANT EXECUTE ON FUNCTION ogive.log_partition(float8, text) TO ogive_reader, ogive_writer;
