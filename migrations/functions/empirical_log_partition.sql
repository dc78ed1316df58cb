CREATE OR REPLACE FUNCTION ogive.empirical_log_partition(
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

GRANT EXECUTE ON FUNCTION ogive.empirical_log_partition(float8[], float8, text, float8)
    TO ogive_reader, ogive_writer;
