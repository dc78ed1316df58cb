SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.candidate_rewards;

DROP FUNCTION ogive.quantile_reward(float8[], float8, text);
ALTER FUNCTION ogive.tied_quantile_reward(float8[], float8, text) RENAME TO quantile_reward;
COMMENT ON FUNCTION ogive.quantile_reward(float8[], float8, text) IS
    'Quantile reward with a choice for ties: right counts references <= reward (the paper''s '
    'estimator), left counts references < reward, mid is the mean of both. rewards must be sorted '
    'ascending. NaN when reward is not finite, NULL when rewards is empty.';

CREATE OR REPLACE FUNCTION ogive.quantile_reward(rewards float8[], reward float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT width_bucket(reward, rewards)::float8 / nullif(cardinality(rewards), 0)
        + (reward - reward)
$$;
