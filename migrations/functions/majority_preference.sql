CREATE OR REPLACE FUNCTION ogive.majority_preference(
    votes integer, a float8, b float8, scale float8 DEFAULT 1
) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN votes > 0 THEN ogive.beta_cdf(
        ogive.preference_probability(a, b, scale), (votes + 1) / 2, (votes + 1) / 2) END
$$;

COMMENT ON FUNCTION ogive.majority_preference(integer, float8, float8, float8) IS
    'The probability that most of so many independent votes prefer a to b, an even split counting '
    'half, for methods that learn from votes (arXiv 2409.17401). NULL outside of its domain.';

GRANT EXECUTE ON FUNCTION ogive.majority_preference(integer, float8, float8, float8)
    TO ogive_reader, ogive_writer;
