CREATE OR REPLACE FUNCTION ogive.quantile(rewards float8[], p float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := cardinality(rewards);
    k integer;
BEGIN
    IF NOT (p >= 0 AND p <= 1) THEN
        RAISE EXCEPTION 'p must be in [0, 1], not %', p USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF n = 0 THEN
        RETURN NULL;
    END IF;
    k := greatest(1, least(n, ceil(p * n)::integer));
    -- The product is rounded: k must be the least with k / n >= p in the arithmetic of
    -- quantile_reward.
    IF k > 1 AND (k - 1)::float8 / n >= p THEN
        k := k - 1;
    ELSIF k < n AND k::float8 / n < p THEN
        k := k + 1;
    END IF;
    RETURN rewards[k];
END
$$;

COMMENT ON FUNCTION ogive.quantile(float8[], float8) IS
    'The smallest reward r of a sorted table with quantile_reward(rewards, r) >= p; for p = 0 the '
    'smallest reward. NULL when rewards is empty.';

GRANT EXECUTE ON FUNCTION ogive.quantile(float8[], float8) TO ogive_reader, ogive_writer;
