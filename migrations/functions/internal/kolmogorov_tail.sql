CREATE OR REPLACE FUNCTION ogive_internal.kolmogorov_tail(z float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN z <= 0.05 THEN 1
        -- Each series where few of its terms count.
        WHEN z < 1 THEN 1 - sqrt(2 * pi()) / z * (
            SELECT sum(exp(-(((2 * k - 1) * pi()) ^ 2 / (8 * z * z))))
            FROM generate_series(1, 5) k
            WHERE ((2 * k - 1) * pi()) ^ 2 / (8 * z * z) < 700)
        WHEN z > 18 THEN 0
        ELSE 2 * (
            SELECT sum((CASE WHEN k % 2 = 1 THEN 1 ELSE -1 END) * exp(-2 * k * k * z * z))
            FROM generate_series(1, 5) k WHERE 2 * k * k * z * z < 700)
        END
$$;

COMMENT ON FUNCTION ogive_internal.kolmogorov_tail(float8) IS
    'How probable more than z is of Kolmogorov''s distribution (1933).';
