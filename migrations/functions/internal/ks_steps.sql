CREATE OR REPLACE FUNCTION ogive_internal.ks_steps(rewards float8[], other_rewards float8[])
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n bigint := cardinality(rewards);
    m bigint := cardinality(other_rewards);
    i bigint := 0;
    j bigint := 0;
    reward float8;
    most bigint := 0;
BEGIN
    WHILE i < n AND j < m LOOP
        reward := least(rewards[i + 1], other_rewards[j + 1]);
        WHILE i < n AND rewards[i + 1] <= reward LOOP
            i := i + 1;
        END LOOP;
        WHILE j < m AND other_rewards[j + 1] <= reward LOOP
            j := j + 1;
        END LOOP;
        most := greatest(most, abs(i * m - j * n));
    END LOOP;
    RETURN most;
END
$$;

COMMENT ON FUNCTION ogive_internal.ks_steps(float8[], float8[]) IS
    'The distance of Kolmogorov and Smirnov between two sorted tables, times both numbers of '
    'rewards: a whole number.';
