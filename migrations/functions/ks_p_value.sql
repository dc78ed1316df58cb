CREATE OR REPLACE FUNCTION ogive.ks_p_value(rewards float8[], other_rewards float8[])
RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer := cardinality(rewards);
    m integer := cardinality(other_rewards);
    steps bigint := ogive_internal.ks_steps(rewards, other_rewards);
    -- How many rewards of both tables are at most each value.
    ends integer[];
BEGIN
    IF n = 0 OR m = 0 THEN
        RETURN NULL;
    END IF;
    IF steps = 0 THEN
        RETURN 1;
    END IF;
    SELECT array_agg(g.upto ORDER BY g.upto) INTO ends
    FROM (
        SELECT sum(count(*)) OVER (ORDER BY u.reward)::integer AS upto
        FROM unnest(rewards || other_rewards) u(reward) GROUP BY u.reward
    ) g;
    IF cardinality(ends) = 2 THEN
        RETURN ogive_internal.ks_p_value_of_two(n, m, ends[1], steps);
    ELSIF n = m AND cardinality(ends) = n + m THEN
        RETURN ogive_internal.ks_p_value_of_equals(n, (steps / n)::integer);
    ELSIF n::bigint * m <= 1000000 THEN
        RETURN ogive_internal.ks_p_value_of_paths(n, m, ends, steps);
    ELSIF n = m THEN
        RETURN ogive_internal.ks_p_value_of_equals(n, (steps / n)::integer);
    END IF;
    RETURN ogive_internal.kolmogorov_tail(steps / sqrt(n::float8 * m * (n::float8 + m)));
END
$$;

COMMENT ON FUNCTION ogive.ks_p_value(float8[], float8[]) IS
    'How probable a distance of Kolmogorov and Smirnov (ogive.ks_distance) at least as large is '
    'when both sorted tables are of one distribution. Exact, given which rewards are equal: the '
    'share of the ways to deal the rewards out to both tables that give such a distance (Schröer '
    'and Trenkler 1995). With more than a million pairs of rewards and ties, a bound: the exact '
    'value without ties (as many rewards in both), else the limit of Kolmogorov (1933), to which '
    'ties only add. NULL when a table is empty.';

GRANT EXECUTE ON FUNCTION ogive.ks_p_value(float8[], float8[]) TO ogive_reader, ogive_writer;
