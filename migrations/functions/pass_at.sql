CREATE OR REPLACE FUNCTION ogive.pass_at(k integer, passed bigint, n bigint) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    failing float8 := 1;
BEGIN
    IF k < 1 OR n < 0 OR NOT passed BETWEEN 0 AND n THEN
        RAISE EXCEPTION 'k must be at least 1 and passed in 0..n, not k %, passed % and n %',
            k, passed, n USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF k > n THEN
        RETURN NULL;
    ELSIF passed = 0 THEN
        RETURN 0;
    ELSIF k > n - passed THEN
        RETURN 1;
    END IF;
    -- C(n - passed, k) / C(n, k), with the fewer factors of two ways to write it.
    FOR i IN 0..least(k, passed) - 1 LOOP
        failing := failing * CASE WHEN k < passed THEN (n - passed - i)::float8 / (n - i)
            ELSE (n - k - i)::float8 / (n - i) END;
        EXIT WHEN failing < 1e-20;
    END LOOP;
    RETURN 1 - failing;
END
$$;

COMMENT ON FUNCTION ogive.pass_at(integer, bigint, bigint) IS
    'pass@k: how probable it is that at least one of k draws passes, from n draws of which so many '
    'passed, without bias: 1 - C(n - passed, k) / C(n, k) (Chen et al. 2021, arXiv 2107.03374). '
    'NULL when k is more than n.';

GRANT EXECUTE ON FUNCTION ogive.pass_at(integer, bigint, bigint) TO ogive_reader, ogive_writer;
