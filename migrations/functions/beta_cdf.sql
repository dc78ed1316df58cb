CREATE OR REPLACE FUNCTION ogive.beta_cdf(x float8, a float8, b float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tiny CONSTANT float8 := 1e-300;
    -- The side of the mean where the continued fraction converges fast.
    swapped boolean := x > (a + 1) / (a + b + 2);
    y float8 := CASE WHEN swapped THEN 1 - x ELSE x END;
    c float8 := CASE WHEN swapped THEN b ELSE a END;
    d float8 := CASE WHEN swapped THEN a ELSE b END;
    log_power float8;
    numerator float8 := 1;
    denominator float8;
    value float8;
    step float8;
    term float8;
BEGIN
    IF NOT (a > 0 AND b > 0 AND a < 'Infinity' AND b < 'Infinity') OR x = 'NaN' THEN
        RAISE EXCEPTION 'a and b must be more than 0 and finite, x a number, not a %, b %, x %',
            a, b, x USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF x <= 0 OR x >= 1 THEN
        RETURN CASE WHEN x <= 0 THEN 0 ELSE 1 END;
    END IF;
    log_power := ogive.beta_log_power(x, a, b);
    IF log_power < -740 THEN
        RETURN CASE WHEN swapped THEN 1 ELSE 0 END;
    END IF;
    -- NIST DLMF 8.17.22 by Lentz's method.
    denominator := 1 - (c + d) * y / (c + 1);
    denominator := 1 / CASE WHEN abs(denominator) < tiny THEN tiny ELSE denominator END;
    value := denominator;
    FOR m IN 1..200000 LOOP
        term := m * (d - m) * y / ((c + 2 * m - 1) * (c + 2 * m));
        denominator := 1 + term * denominator;
        denominator := 1 / CASE WHEN abs(denominator) < tiny THEN tiny ELSE denominator END;
        numerator := 1 + term / numerator;
        numerator := CASE WHEN abs(numerator) < tiny THEN tiny ELSE numerator END;
        value := value * denominator * numerator;
        term := -(c + m) * (c + d + m) * y / ((c + 2 * m) * (c + 2 * m + 1));
        denominator := 1 + term * denominator;
        denominator := 1 / CASE WHEN abs(denominator) < tiny THEN tiny ELSE denominator END;
        numerator := 1 + term / numerator;
        numerator := CASE WHEN abs(numerator) < tiny THEN tiny ELSE numerator END;
        step := denominator * numerator;
        value := value * step;
        EXIT WHEN abs(step - 1) < 1e-16;
    END LOOP;
    value := exp(log_power) / c * value;
    RETURN CASE WHEN swapped THEN 1 - value ELSE value END;
END
$$;

COMMENT ON FUNCTION ogive.beta_cdf(float8, float8, float8) IS
    'I_x(a, b), the regularised incomplete beta function, by its continued fraction (NIST DLMF '
    '8.17.22).';

GRANT EXECUTE ON FUNCTION ogive.beta_cdf(float8, float8, float8) TO ogive_reader, ogive_writer;
