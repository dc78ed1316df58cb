CREATE OR REPLACE FUNCTION ogive_internal.ks_p_value_of_paths(
    n integer, m integer, ends integer[], steps bigint
)
RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_end boolean[] := array_fill(false, ARRAY[n + m]);
    -- Of the orders of i rewards of the first table and j of the other one, the share that went
    -- so far apart already. Sums of positive numbers: small probabilities stay exact.
    share float8[] := array_fill(0::float8, ARRAY[m + 1]);
    upto integer;
    left_share float8;
BEGIN
    FOREACH upto IN ARRAY ends LOOP
        is_end[upto] := true;
    END LOOP;
    FOR i IN 0..n LOOP
        left_share := 0;
        FOR j IN 0..m LOOP
            IF i + j > 0 THEN
                IF is_end[i + j] AND abs(i::bigint * m - j::bigint * n) >= steps THEN
                    left_share := 1;
                ELSIF share[j + 1] + left_share < 1e-290 THEN
                    -- PostgreSQL refuses what is too small for a float8.
                    left_share := 0;
                ELSE
                    left_share := (i * share[j + 1] + j * left_share) / (i + j);
                END IF;
                share[j + 1] := left_share;
            END IF;
        END LOOP;
    END LOOP;
    RETURN share[m + 1];
END
$$;

COMMENT ON FUNCTION ogive_internal.ks_p_value_of_paths(integer, integer, integer[], bigint) IS
    'ogive.ks_p_value of tables of n and m rewards, where ends says how many of both are at most '
    'each value: in time n m.';
