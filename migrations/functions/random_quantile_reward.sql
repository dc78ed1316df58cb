CREATE OR REPLACE FUNCTION ogive.random_quantile_reward(
    rewards float8[], reward float8, coin float8, own boolean
) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (k.below + coin * (k.equal + CASE WHEN own THEN 0 ELSE 1 END))
        / (k.n + CASE WHEN own THEN 0 ELSE 1 END)
    FROM (
        SELECT n.n, round(ogive.quantile_reward(rewards, reward, 'left') * n.n) AS below,
            round((ogive.quantile_reward(rewards, reward, 'right')
                - ogive.quantile_reward(rewards, reward, 'left')) * n.n) AS equal
        FROM (SELECT nullif(cardinality(rewards), 0)::float8 AS n) n
    ) k
$$;

COMMENT ON FUNCTION ogive.random_quantile_reward(float8[], float8, float8, boolean) IS
    'A quantile reward that is exactly uniform on [0, 1] for a completion of the reference policy, '
    'also where rewards are equal and n is small: of the n + 1 completions each rank is equally '
    'likely, ties in any order, and coin, uniform on [0, 1), is the place within it. own: reward '
    'is one of rewards, and n stands for n + 1. rewards must be sorted ascending.';

GRANT EXECUTE ON FUNCTION ogive.random_quantile_reward(float8[], float8, float8, boolean)
    TO ogive_reader, ogive_writer;
