SET LOCAL ROLE ogive_owner;

CREATE FUNCTION ogive.share_interval(
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
    'wilson: Wilson (1927). jeffreys: equal tails of Beta(k + 1/2, n - k + 1/2), with the end at 0 '
    'for no success and at 1 for no failure (Brown, Cai and DasGupta 2001).';

CREATE FUNCTION ogive.quantile_standard_error(rewards float8[], reward float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT sqrt(ogive.quantile_reward(rewards, reward)
        * (1 - ogive.quantile_reward(rewards, reward)) / nullif(cardinality(rewards), 0))
$$;
COMMENT ON FUNCTION ogive.quantile_standard_error(float8[], float8) IS
    'sqrt(q (1 - q) / n): the standard error of quantile_reward(rewards, reward) as the table '
    'itself estimates it. 0 where no reference or every one is at most reward: there '
    'quantile_reward_interval says more.';

CREATE FUNCTION ogive.quantile_reward_interval(
    rewards float8[], reward float8, level float8 DEFAULT 0.95, method text DEFAULT 'jeffreys',
    OUT lower float8, OUT upper float8
)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT i.lower, i.upper
    FROM ogive.share_interval(
        width_bucket(reward, rewards), cardinality(rewards), level, method) i
    WHERE reward > '-Infinity' AND reward < 'Infinity'
$$;
COMMENT ON FUNCTION ogive.quantile_reward_interval(float8[], float8, float8, text) IS
    'An interval for the quantile reward of reward: share_interval of the references at most '
    'reward. NULL when reward is not finite.';

CREATE FUNCTION ogive.smoothed_quantile_reward(rewards float8[], reward float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT (width_bucket(reward, rewards) + 1)::float8 / (cardinality(rewards) + 2)
        + (reward - reward)
$$;
COMMENT ON FUNCTION ogive.smoothed_quantile_reward(float8[], float8) IS
    '(k + 1) / (n + 2) with k the references at most reward: Laplace''s rule of succession, never '
    '0 or 1.';

CREATE FUNCTION ogive.band_half_width(n bigint, level float8 DEFAULT 0.95) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN n > 0 AND level > 0 AND level < 1 THEN sqrt(ln(2 / (1 - level)) / (2 * n)) END
$$;
COMMENT ON FUNCTION ogive.band_half_width(bigint, float8) IS
    'Half the width of a band that holds the whole distribution function with probability level '
    '(Dvoretzky, Kiefer and Wolfowitz 1956; Massart 1990). NULL outside of its domain.';

CREATE FUNCTION ogive.effective_count(rewards float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT cardinality(rewards)::float8 * cardinality(rewards) / sum(g.size::float8 * g.size)
    FROM (SELECT count(*) AS size FROM unnest(rewards) u(reward) GROUP BY reward) g
$$;
COMMENT ON FUNCTION ogive.effective_count(float8[]) IS
    'n^2 over the sum of the squared sizes of groups of equal rewards: n without ties, 1 when all '
    'are equal. How many values the table tells apart.';

CREATE FUNCTION ogive.mean_value(rewards float8[], OUT value float8, OUT standard_error float8)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT avg(reward), stddev_samp(reward) / sqrt(count(*)) FROM unnest(rewards) u(reward)
$$;
COMMENT ON FUNCTION ogive.mean_value(float8[]) IS
    'The mean reward and its standard error (NULL for one reward). Of completions of a prefix it '
    'is the value of the prefix as VinePPO estimates it (arXiv 2410.01679).';

CREATE FUNCTION ogive.soft_value(rewards float8[], beta float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    top float8 := rewards[array_upper(rewards, 1)];
    total float8;
BEGIN
    IF NOT (beta > 0 AND beta < 'Infinity') THEN
        RAISE EXCEPTION 'beta must be more than 0 and finite, not %', beta
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Terms that PostgreSQL would refuse as too small add nothing.
    SELECT sum(exp((reward - top) / beta)) INTO total
    FROM unnest(rewards) u(reward) WHERE (reward - top) / beta > -700;
    RETURN top + beta * ln(total / cardinality(rewards));
END
$$;
COMMENT ON FUNCTION ogive.soft_value(float8[], float8) IS
    'V = beta log mean exp(reward / beta) over a sorted table: the optimal regularised value that '
    'A*-PO needs (arXiv 2505.20686). In units of reward.';

CREATE FUNCTION ogive.quantile_interval(
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

CREATE FUNCTION ogive.transform_quantile(
    q float8, n bigint, transform text, spread float8 DEFAULT 1
) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT (q >= 0 AND q <= 1 AND n > 0) THEN
        RAISE EXCEPTION 'q must be in [0, 1] and n more than 0, not % and %', q, n
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CASE transform
    WHEN 'identity' THEN
        RETURN q;
    WHEN 'log' THEN
        RETURN ln(greatest(q, 1 / n::float8));
    WHEN 'normal-icdf', 'scaled-normal-icdf' THEN
        IF n < 2 THEN
            RETURN 'NaN';
        END IF;
        RETURN CASE transform WHEN 'normal-icdf' THEN 1 ELSE spread END * ogive.normal_quantile(
            least(greatest(q, 1 / n::float8), (n - 1) / n::float8));
    ELSE
        RAISE EXCEPTION 'transform must be ''identity'', ''log'', ''normal-icdf'' or '
            '''scaled-normal-icdf'', not ''%''', transform
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END
$$;
COMMENT ON FUNCTION ogive.transform_quantile(float8, bigint, text, float8) IS
    'What a trainer makes of a quantile reward q from n references (arXiv 2507.08068), clamped as '
    'its trainer does: identity q; log log q with q >= 1/n; normal-icdf Phi^-1(q) with q in '
    '[1/n, (n-1)/n]; scaled-normal-icdf spread times that. NaN for the normal ones when n = 1.';

DROP FUNCTION ogive.log_partition(float8, text);
CREATE FUNCTION ogive.log_partition(
    beta float8, transform text DEFAULT 'identity', spread float8 DEFAULT 1
) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    y float8;
    y2 float8;
BEGIN
    IF NOT (beta > 0 AND beta < 'Infinity') THEN
        RAISE EXCEPTION 'beta must be more than 0 and finite, not %', beta
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CASE transform
    WHEN 'identity' THEN
        NULL;
    WHEN 'log' THEN
        RETURN -ogive.log_one_plus(1 / beta);
    WHEN 'normal-icdf' THEN
        RETURN 0.5::float8 / beta / beta;
    WHEN 'scaled-normal-icdf' THEN
        RETURN 0.5::float8 * (spread / beta) * (spread / beta);
    ELSE
        RAISE EXCEPTION 'transform must be ''identity'', ''log'', ''normal-icdf'' or '
            '''scaled-normal-icdf'', not ''%''', transform
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;
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
        -- 1/beta overflows, or a square underflows, where log Z is y in all digits.
        IF beta > 1 THEN
            RETURN CASE transform WHEN 'identity' THEN 0.5::float8 / beta
                WHEN 'log' THEN -1 / beta ELSE 0 END;
        END IF;
        RAISE EXCEPTION 'log Z is too large for beta = %', beta
            USING ERRCODE = 'numeric_value_out_of_range';
END
$$;
COMMENT ON FUNCTION ogive.log_partition(float8, text, float8) IS
    'log Z(beta) of QRPO (arXiv 2507.08068) for quantile rewards, uniform on [0, 1] under the '
    'reference policy, in nats. identity: log(beta (exp(1/beta) - 1)); log: '
    'log(beta / (1 + beta)); normal-icdf: 1 / (2 beta^2); scaled-normal-icdf: spread^2 times that. '
    'Exact to about 1e-15 for small and large beta.';
CREATE FUNCTION ogive.simplified_log_partition(beta float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN beta > 0 AND beta < 'Infinity' THEN ln(beta) + 1 / beta END
$$;
COMMENT ON FUNCTION ogive.simplified_log_partition(float8) IS
    'log beta + 1/beta: what QRPO''s trainer uses for the identity transform, without the term '
    'log1p(-exp(-1/beta)). NULL outside of its domain.';

CREATE FUNCTION ogive.empirical_log_partition(
    rewards float8[], beta float8, transform text DEFAULT 'identity', spread float8 DEFAULT 1
) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := cardinality(rewards);
    exponents float8[];
    top float8;
    total float8;
BEGIN
    IF NOT (beta > 0 AND beta < 'Infinity') THEN
        RAISE EXCEPTION 'beta must be more than 0 and finite, not %', beta
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT array_agg(ogive.transform_quantile(
        ogive.quantile_reward(rewards, reward), n, transform, spread) / beta)
    INTO exponents FROM unnest(rewards) u(reward);
    SELECT max(e) INTO top FROM unnest(exponents) u(e);
    IF top = 'NaN' THEN
        RETURN 'NaN';
    END IF;
    SELECT sum(exp(e - top)) INTO total FROM unnest(exponents) u(e) WHERE e - top > -700;
    RETURN top + ln(total / n);
END
$$;
COMMENT ON FUNCTION ogive.empirical_log_partition(float8[], float8, text, float8) IS
    'log mean exp(f(quantile reward) / beta) over the references of a sorted table: the partition '
    'function where rewards are discrete, so that quantile rewards are not uniform. In nats.';

CREATE FUNCTION ogive.preference_probability(a float8, b float8, scale float8 DEFAULT 1)
RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN NOT (scale > 0) OR abs(a) = 'Infinity' OR abs(b) = 'Infinity' THEN NULL
        WHEN (a - b) / scale < -700 THEN 0
        WHEN (a - b) / scale > 700 THEN 1
        WHEN a >= b THEN 1 / (1 + exp(-(a - b) / scale))
        ELSE exp((a - b) / scale) / (1 + exp((a - b) / scale)) END
$$;
COMMENT ON FUNCTION ogive.preference_probability(float8, float8, float8) IS
    'sigma((a - b) / scale): how probably a completion with reward a is preferred to one with '
    'reward b (Bradley and Terry 1952). NULL outside of its domain.';

CREATE FUNCTION ogive.majority_preference(
    votes integer, a float8, b float8, scale float8 DEFAULT 1
) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN votes > 0 THEN ogive.beta_cdf(
        ogive.preference_probability(a, b, scale), (votes + 1) / 2, (votes + 1) / 2) END
$$;
COMMENT ON FUNCTION ogive.majority_preference(integer, float8, float8, float8) IS
    'The probability that most of so many independent votes prefer a to b, an even split counting '
    'half, for methods that learn from votes (arXiv 2409.17401). NULL outside of its domain.';

GRANT EXECUTE ON FUNCTION
    ogive.share_interval(bigint, bigint, float8, text),
    ogive.quantile_standard_error(float8[], float8),
    ogive.quantile_reward_interval(float8[], float8, float8, text),
    ogive.smoothed_quantile_reward(float8[], float8),
    ogive.band_half_width(bigint, float8),
    ogive.effective_count(float8[]),
    ogive.mean_value(float8[]),
    ogive.soft_value(float8[], float8),
    ogive.quantile_interval(float8[], float8, float8),
    ogive.transform_quantile(float8, bigint, text, float8),
    ogive.log_partition(float8, text, float8),
    ogive.simplified_log_partition(float8),
    ogive.empirical_log_partition(float8[], float8, text, float8),
    ogive.preference_probability(float8, float8, float8),
    ogive.majority_preference(integer, float8, float8, float8)
    TO ogive_reader, ogive_writer;
