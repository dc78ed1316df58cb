SET LOCAL ROLE ogive_owner;

-- Mathematics that trainers need, the same as in the library QuantileRewards; one set of reference
-- values holds both to 1e-12.

CREATE FUNCTION ogive.normal_quantile(p float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    q float8 := p - 0.5;
    r float8;
    size float8;
BEGIN
    IF NOT (p >= 0 AND p <= 1) THEN
        RAISE EXCEPTION 'p must be in [0, 1], not %', p USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF p = 0 OR p = 1 THEN
        RETURN CASE WHEN p = 0 THEN '-Infinity' ELSE 'Infinity' END;
    END IF;
    -- Algorithm AS 241 (Wichura 1988), PPND16.
    IF abs(q) <= 0.425 THEN
        r := 0.180625::float8 - q * q;
        RETURN q * (((((((2.5090809287301226727e+3::float8 * r + 3.3430575583588128105e+4) * r
            + 6.7265770927008700853e+4) * r + 4.5921953931549871457e+4) * r
            + 1.3731693765509461125e+4) * r + 1.9715909503065514427e+3) * r
            + 1.3314166789178437745e+2) * r + 3.3871328727963666080e+0)
            / (((((((5.2264952788528545610e+3::float8 * r + 2.8729085735721942674e+4) * r
            + 3.9307895800092710610e+4) * r + 2.1213794301586595867e+4) * r
            + 5.3941960214247511077e+3) * r + 6.8718700749205790830e+2) * r
            + 4.2313330701600911252e+1) * r + 1.0);
    END IF;
    r := sqrt(-ln(least(p, 1 - p)));
    IF r <= 5 THEN
        r := r - 1.6;
        size := (((((((7.74545014278341407640e-4::float8 * r + 2.27238449892691845833e-2) * r
            + 2.41780725177450611770e-1) * r + 1.27045825245236838258e+0) * r
            + 3.64784832476320460504e+0) * r + 5.76949722146069140550e+0) * r
            + 4.63033784615654529590e+0) * r + 1.42343711074968357734e+0)
            / (((((((1.05075007164441684324e-9::float8 * r + 5.47593808499534494600e-4) * r
            + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r
            + 6.89767334985100004550e-1) * r + 1.67638483018380384940e+0) * r
            + 2.05319162663775882187e+0) * r + 1.0);
    ELSE
        r := r - 5;
        size := (((((((2.01033439929228813265e-7::float8 * r + 2.71155556874348757815e-5) * r
            + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2) * r
            + 2.96560571828504891230e-1) * r + 1.78482653991729133580e+0) * r
            + 5.46378491116411436990e+0) * r + 6.65790464350110377720e+0)
            / (((((((2.04426310338993978564e-15::float8 * r + 1.42151175831644588870e-7) * r
            + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4) * r
            + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r
            + 5.99832206555887937690e-1) * r + 1.0);
    END IF;
    RETURN CASE WHEN q < 0 THEN -size ELSE size END;
END
$$;
COMMENT ON FUNCTION ogive.normal_quantile(float8) IS
    'The x with Phi(x) = p: algorithm AS 241 (Wichura 1988), to about 1e-16. -Infinity for 0, '
    'Infinity for 1.';

CREATE FUNCTION ogive.log_one_plus(x float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    -- Kahan's correction of the rounding of 1 + x.
    SELECT CASE WHEN 1 + x = 1 THEN x ELSE ln(1 + x) * x / ((1 + x) - 1) END
$$;
COMMENT ON FUNCTION ogive.log_one_plus(float8) IS 'log(1 + x), exact for small x.';

CREATE FUNCTION ogive.stirling_error(x float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    z float8 := x;
    factor float8 := 1;
    square float8;
    series float8;
BEGIN
    IF NOT (x > 0 AND x < 'Infinity') THEN
        RAISE EXCEPTION 'x must be more than 0 and finite, not %', x
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- The series is exact to the last digit from 16 on; the recurrence of Gamma leads there.
    WHILE z < 16 LOOP
        factor := factor * z;
        z := z + 1;
    END LOOP;
    square := 1 / (z * z);
    series := (1.0::float8 / 12 - square * (1.0::float8 / 360 - square * (1.0::float8 / 1260
        - square * (1.0::float8 / 1680 - square * (1.0::float8 / 1188
        - square * (691.0::float8 / 360360)))))) / z;
    IF x >= 16 THEN
        RETURN series;
    END IF;
    RETURN series + (z - 0.5) * ln(z) - z - ln(factor) - (x - 0.5) * ln(x) + x;
END
$$;
COMMENT ON FUNCTION ogive.stirling_error(float8) IS
    'log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2) for x > 0 (NIST DLMF 5.11.1).';

CREATE FUNCTION ogive.beta_log_power(x float8, a float8, b float8) RETURNS float8
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

CREATE FUNCTION ogive.beta_cdf(x float8, a float8, b float8) RETURNS float8
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

CREATE FUNCTION ogive.beta_quantile(p float8, a float8, b float8) RETURNS float8
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

GRANT EXECUTE ON FUNCTION
    ogive.normal_quantile(float8),
    ogive.log_one_plus(float8),
    ogive.stirling_error(float8),
    ogive.beta_log_power(float8, float8, float8),
    ogive.beta_cdf(float8, float8, float8),
    ogive.beta_quantile(float8, float8, float8)
    TO ogive_reader, ogive_writer;
