CREATE OR REPLACE FUNCTION ogive.reward_spread(rewards float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    -- Equal rewards have no spread, which rounding would make a number near 0.
    SELECT CASE WHEN min(reward) < max(reward) THEN stddev_samp(reward)
        WHEN count(*) > 1 THEN 0 END
    FROM unnest(rewards) u(reward)
$$;

COMMENT ON FUNCTION ogive.reward_spread(float8[]) IS
    'The standard deviation of the rewards, with n - 1 in the denominator; NULL for one reward.';

GRANT EXECUTE ON FUNCTION ogive.reward_spread(float8[]) TO ogive_reader, ogive_writer;
