SET LOCAL ROLE ogive_owner;

-- Built of strict parts only, so that PostgreSQL inlines it. The last term is 0 for a finite
-- reward and NaN otherwise: width_bucket alone would rank NaN above every reward.
CREATE FUNCTION ogive.quantile_reward(rewards float8[], reward float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT width_bucket(reward, rewards)::float8 / nullif(cardinality(rewards), 0)
        + (reward - reward)
$$;
COMMENT ON FUNCTION ogive.quantile_reward(float8[], float8) IS
    'Share of the reference rewards that are at most reward: mean(ref <= reward), the estimator of '
    'arXiv 2507.08068. rewards must be sorted ascending, as ogive.quantile_tables.rewards is. NaN '
    'when reward is not finite, NULL when rewards is empty.';

CREATE FUNCTION ogive.quantile_reward(rewards float8[], reward float8, ties text) RETURNS float8
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
COMMENT ON FUNCTION ogive.quantile_reward(float8[], float8, text) IS
    'Quantile reward with a choice for ties: right counts references <= reward (the paper''s '
    'estimator), left counts references < reward, mid is the mean of both. rewards must be sorted '
    'ascending. NaN when reward is not finite, NULL when rewards is empty.';

CREATE FUNCTION ogive.quantile(rewards float8[], p float8) RETURNS float8
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

CREATE FUNCTION ogive.log_partition(beta float8, transform text DEFAULT 'identity')
RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    y float8;
    y2 float8;
BEGIN
    IF transform <> 'identity' THEN
        RAISE EXCEPTION 'transform must be ''identity'', not ''%''', transform
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT (beta > 0 AND beta < 'Infinity') THEN
        RAISE EXCEPTION 'beta must be more than 0 and finite, not %', beta
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- With y = 1/(2 beta): log Z = log((e^2y - 1) / 2y) = y + log(sinh(y) / y).
    y := 0.5::float8 / beta;
    IF y < 0.1 THEN
        -- The Taylor series of log(sinh(y) / y): the logarithm of a number near 1 loses digits.
        y2 := y * y;
        RETURN y + y2 * (1.0::float8 / 6 - y2 * (1.0::float8 / 180 - y2 * (1.0::float8 / 2835
            - y2 * (1.0::float8 / 37800 - y2 / 467775))));
    ELSIF y < 20 THEN
        RETURN y + ln(sinh(y) / y);
    END IF;
    -- e^-2y is below the last digit, and sinh would overflow later on.
    RETURN 2 * y - ln(2 * y);
EXCEPTION
    WHEN numeric_value_out_of_range THEN
        -- 1/beta overflows, or y squared underflows, where log Z is y in all digits.
        IF beta > 1 THEN
            RETURN 0.5::float8 / beta;
        END IF;
        RAISE EXCEPTION 'log Z is too large for beta = %', beta
            USING ERRCODE = 'numeric_value_out_of_range';
END
$$;
COMMENT ON FUNCTION ogive.log_partition(float8, text) IS
    'log Z(beta) of QRPO (arXiv 2507.08068) for quantile rewards, uniform on [0, 1] under the '
    'reference policy: log(beta (exp(1/beta) - 1)), in nats, exact to about 1e-15 for small and '
    'large beta. transform: identity.';

CREATE FUNCTION ogive.reward_of_draw(
    draw_indexes integer[], draw_rewards float8[], draw_index integer
) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN draw_indexes[width_bucket(draw_index, draw_indexes)] = draw_index
        THEN draw_rewards[width_bucket(draw_index, draw_indexes)] END
$$;
COMMENT ON FUNCTION ogive.reward_of_draw(integer[], float8[], integer) IS
    'The reward of a draw, found by binary search in ascending draw indexes; NULL when it has '
    'none.';

GRANT EXECUTE ON FUNCTION
    ogive.quantile_reward(float8[], float8),
    ogive.quantile_reward(float8[], float8, text),
    ogive.quantile(float8[], float8),
    ogive.log_partition(float8, text),
    ogive.reward_of_draw(integer[], float8[], integer)
    TO ogive_reader, ogive_writer;
