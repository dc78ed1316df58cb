CREATE OR REPLACE FUNCTION ogive.quantile_interval(
    rewards float8[], p float8, level float8 DEFAULT 0.95,
    OUT lower float8, OUT upper float8, OUT coverage float8
)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := cardinality(rewards);
    tail float8 := (1 - level) / 2;
    first_rank integer;
    last_rank integer;
    high integer;
    middle integer;
BEGIN
    IF NOT (p > 0 AND p < 1 AND level > 0 AND level < 1) THEN
        RAISE EXCEPTION 'p and level must be between 0 and 1, not % and %', p, level
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF n = 0 THEN
        RETURN;
    END IF;
    -- By bisection: the least rank l with Pr[B <= l] > tail, and u with Pr[B <= u - 1] >= 1 - tail,
    -- for B binomial (n, p).
    first_rank := 0;
    high := n;
    WHILE first_rank < high LOOP
        middle := (first_rank + high) / 2;
        IF middle >= n OR ogive.beta_cdf(1 - p, n - middle, middle + 1) > tail THEN
            high := middle;
        ELSE
            first_rank := middle + 1;
        END IF;
    END LOOP;
    last_rank := 1;
    high := n + 1;
    WHILE last_rank < high LOOP
        middle := (last_rank + high) / 2;
        IF middle > n OR ogive.beta_cdf(1 - p, n - middle + 1, middle) >= 1 - tail THEN
            high := middle;
        ELSE
            last_rank := middle + 1;
        END IF;
    END LOOP;
    lower := CASE WHEN first_rank < 1 THEN '-Infinity' ELSE rewards[first_rank] END;
    upper := CASE WHEN last_rank > n THEN 'Infinity' ELSE rewards[last_rank] END;
    coverage := CASE WHEN last_rank > n THEN 1
            ELSE ogive.beta_cdf(1 - p, n - last_rank + 1, last_rank) END
        - CASE WHEN first_rank < 1 THEN 0
            ELSE ogive.beta_cdf(1 - p, n - first_rank + 1, first_rank) END;
END
$$;

COMMENT ON FUNCTION ogive.quantile_interval(float8[], float8, float8) IS
    'Two rewards of a sorted table that enclose the p-quantile of the true distribution, whatever '
    'that is, and the probability with which they do (David and Nagaraja 2003, section 7.1). '
    'Infinite where the table is too small.';

GRANT EXECUTE ON FUNCTION ogive.quantile_interval(float8[], float8, float8)
    TO ogive_reader, ogive_writer;
