CREATE OR REPLACE FUNCTION ogive.soft_value(rewards float8[], beta float8) RETURNS float8
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

GRANT EXECUTE ON FUNCTION ogive.soft_value(float8[], float8) TO ogive_reader, ogive_writer;
