CREATE OR REPLACE FUNCTION ogive.mean_value(
    rewards float8[], OUT value float8, OUT standard_error float8
)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT avg(reward), stddev_samp(reward) / sqrt(count(*)) FROM unnest(rewards) u(reward)
$$;

COMMENT ON FUNCTION ogive.mean_value(float8[]) IS
    'The mean reward and its standard error (NULL for one reward). Of completions of a prefix it '
    'is the value of the prefix as VinePPO estimates it (arXiv 2410.01679).';

GRANT EXECUTE ON FUNCTION ogive.mean_value(float8[]) TO ogive_reader, ogive_writer;
