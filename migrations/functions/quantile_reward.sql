-- The last term is 0 for a finite reward and NaN otherwise: width_bucket alone would rank NaN above
-- every reward. Not STRICT, although NULL gives NULL: a strict function is inlined only where
-- PostgreSQL can prove that its body is strict, which it cannot of nullif. Not inlined, each call
-- costs some microseconds, and a column that a query uses four times is four calls.
CREATE OR REPLACE FUNCTION ogive.quantile_reward(rewards float8[], reward float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT width_bucket(reward, rewards)::float8 / nullif(cardinality(rewards), 0)
        + (reward - reward)
$$;

COMMENT ON FUNCTION ogive.quantile_reward(float8[], float8) IS
    'Share of the reference rewards that are at most reward: mean(ref <= reward), the estimator '
    'of arXiv 2507.08068. rewards must be sorted ascending, as ogive.quantile_tables.rewards is. '
    'NaN when reward is not finite, NULL when rewards is empty.';

GRANT EXECUTE ON FUNCTION ogive.quantile_reward(float8[], float8) TO ogive_reader, ogive_writer;

CREATE OR REPLACE FUNCTION ogive.quantile_reward(rewards float8[], reward float8, ties text)
RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE ties WHEN 'right' THEN ogive.quantile_reward(rewards, reward)
        ELSE ogive.tied_quantile_reward(rewards, reward, ties) END
$$;

COMMENT ON FUNCTION ogive.quantile_reward(float8[], float8, text) IS
    'Quantile reward with a choice for ties: right counts references <= reward (the paper''s '
    'estimator), left counts references < reward, mid is the mean of both. rewards must be sorted '
    'ascending. NaN when reward is not finite, NULL when rewards is empty.';

GRANT EXECUTE ON FUNCTION ogive.quantile_reward(float8[], float8, text)
    TO ogive_reader, ogive_writer;
