CREATE OR REPLACE FUNCTION ogive_internal.ks_p_value_of_two(
    n integer, m integer, lower integer, steps bigint
)
RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Of the lower rewards, i are in the first table: hypergeometric. Weights are relative to that
    -- of the mode, which is neither 0 nor infinite.
    first integer := greatest(0, lower - m);
    last integer := least(n, lower);
    mode integer := greatest(first, least(last,
        floor((lower + 1.0) * (n + 1.0) / (n + m + 2.0))::integer));
    weight float8;
    total float8 := 0;
    beyond float8 := 0;
BEGIN
    weight := 1;
    FOR i IN mode..last LOOP
        total := total + weight;
        IF abs(i::bigint * m - (lower - i)::bigint * n) >= steps THEN
            beyond := beyond + weight;
        END IF;
        weight := weight * (n - i) * (lower - i) / ((i + 1.0::float8) * (m - lower + i + 1));
        EXIT WHEN weight < 1e-300;
    END LOOP;
    weight := 1;
    FOR i IN REVERSE mode - 1..first LOOP
        weight := weight * (i + 1) * (m - lower + i + 1)
            / ((n - i)::float8 * (lower - i));
        EXIT WHEN weight < 1e-300;
        total := total + weight;
        IF abs(i::bigint * m - (lower - i)::bigint * n) >= steps THEN
            beyond := beyond + weight;
        END IF;
    END LOOP;
    RETURN beyond / total;
END
$$;

COMMENT ON FUNCTION ogive_internal.ks_p_value_of_two(integer, integer, integer, bigint) IS
    'ogive.ks_p_value where the rewards have two values, so many of them the lower one.';
