CREATE OR REPLACE FUNCTION ogive_internal.ks_p_value_of_equals(n integer, h integer)
RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    value float8 := 0;
    ratio float8;
BEGIN
    -- 2 (C(2n, n - h) - C(2n, n - 2h) + …) / C(2n, n), by Horner's rule.
    FOR k IN REVERSE n / h - 1..0 LOOP
        ratio := 1;
        FOR j IN 0..h - 1 LOOP
            ratio := ratio * (n - k * h - j) / (n + k * h + j + 1);
            -- PostgreSQL refuses what is too small for a float8.
            IF ratio < 1e-290 THEN
                ratio := 0;
                EXIT;
            END IF;
        END LOOP;
        value := ratio * (1 - value);
    END LOOP;
    RETURN least(1, 2 * value);
END
$$;

COMMENT ON FUNCTION ogive_internal.ks_p_value_of_equals(integer, integer) IS
    'ogive.ks_p_value of two tables of n rewards at a distance of h / n, without ties (Gnedenko '
    'and Korolyuk 1951).';
