CREATE OR REPLACE FUNCTION ogive.share_at_most(rewards float8[], reward float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT avg((u.reference <= reward)::integer::float8) FROM unnest(rewards) u(reference)
$$;

COMMENT ON FUNCTION ogive.share_at_most(float8[], float8) IS
    'Share of the rewards that are at most reward, in any order: quantile_reward of a part of a '
    'table. NULL when rewards is empty.';

GRANT EXECUTE ON FUNCTION ogive.share_at_most(float8[], float8) TO ogive_reader, ogive_writer;
