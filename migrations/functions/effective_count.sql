CREATE OR REPLACE FUNCTION ogive.effective_count(rewards float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT cardinality(rewards)::float8 * cardinality(rewards) / sum(g.size::float8 * g.size)
    FROM (SELECT count(*) AS size FROM unnest(rewards) u(reward) GROUP BY reward) g
$$;

COMMENT ON FUNCTION ogive.effective_count(float8[]) IS
    'n^2 over the sum of the squared sizes of groups of equal rewards: n without ties, 1 when all '
    'are equal. How many values the table tells apart.';

GRANT EXECUTE ON FUNCTION ogive.effective_count(float8[]) TO ogive_reader, ogive_writer;
