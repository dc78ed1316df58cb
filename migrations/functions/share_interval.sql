CREATE OR REPLACE FUNCTION ogive.share_interval(
    successes bigint, trials bigint, level float8 DEFAULT 0.95, method text DEFAULT 'jeffreys',
    OUT lower float8, OUT upper float8
)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    k float8 := successes;
    n float8 := trials;
    z float8;
    half float8;
BEGIN
    IF NOT (trials > 0 AND successes BETWEEN 0 AND trials AND level > 0 AND level < 1) THEN
        RAISE EXCEPTION 'successes must be in 0..trials, trials more than 0 and level between 0 '
            'and 1, not %, % and %', successes, trials, level
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CASE method
    WHEN 'wilson' THEN
        z := ogive.normal_quantile(0.5 + level / 2);
        half := z / (n + z * z) * sqrt(k * (n - k) / n + z * z / 4);
        lower := greatest(0, (k + z * z / 2) / (n + z * z) - half);
        upper := least(1, (k + z * z / 2) / (n + z * z) + half);
    WHEN 'jeffreys' THEN
        lower := ogive.beta_quantile((1 - level) / 2, k + 0.5, n - k + 0.5);
        upper := ogive.beta_quantile(1 - (1 - level) / 2, k + 0.5, n - k + 0.5);
    ELSE
        RAISE EXCEPTION 'method must be ''wilson'' or ''jeffreys'', not ''%''', method
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;
    IF successes = 0 THEN lower := 0; END IF;
    IF successes = trials THEN upper := 1; END IF;
END
$$;

COMMENT ON FUNCTION ogive.share_interval(bigint, bigint, float8, text) IS
    'An interval that covers a share, such as a quantile reward, with probability near level. '
    'wilson: Wilson (1927). jeffreys: equal tails of Beta(k + 1/2, n - k + 1/2), with the end at '
    '0 for no success and at 1 for no failure (Brown, Cai and DasGupta 2001).';

GRANT EXECUTE ON FUNCTION ogive.share_interval(bigint, bigint, float8, text)
    TO ogive_reader, ogive_writer;
