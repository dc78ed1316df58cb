CREATE OR REPLACE FUNCTION ogive.tied_quantile_reward(rewards float8[], reward float8, ties text)
RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := cardinality(rewards);
    at_most integer := width_bucket(reward, rewards);
    below integer;
BEGIN
    IF ties NOT IN ('right', 'mid', 'left') THEN
        RAISE EXCEPTION 'ties must be ''right'', ''mid'' or ''left'', not ''%''', ties
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF n = 0 THEN
        RETURN NULL;
    END IF;
    IF NOT (reward > '-Infinity' AND reward < 'Infinity') THEN
        RETURN 'NaN';
    END IF;
    IF ties = 'right' THEN
        RETURN at_most::float8 / n;
    END IF;
    -- Equal rewards stand side by side: the first of them is found only when there are any.
    below := CASE WHEN at_most > 0 AND rewards[at_most] = reward
        THEN array_position(rewards, reward) - 1 ELSE at_most END;
    RETURN CASE ties WHEN 'left' THEN below::float8 / n
        ELSE (below::float8 + at_most) / (2 * n::float8) END;
END
$$;

COMMENT ON FUNCTION ogive.tied_quantile_reward(float8[], float8, text) IS
    'What quantile_reward calls where ties are not counted as at most reward; call that one.';

GRANT EXECUTE ON FUNCTION ogive.tied_quantile_reward(float8[], float8, text)
    TO ogive_reader, ogive_writer;
