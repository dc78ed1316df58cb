CREATE OR REPLACE FUNCTION ogive.pass_rates(
    run text, k integer[] DEFAULT '{1}', passes_from float8 DEFAULT NULL,
    min_rate float8 DEFAULT 0, max_rate float8 DEFAULT 1, level float8 DEFAULT 0.95,
    snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, n integer, draws integer, complete boolean,
    passed integer, pass_rate float8, lower float8, upper float8, pass_at float8[]
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, t.n, t.draws, t.complete, c.passed,
        c.passed::float8 / t.n, i.lower, i.upper, (
            SELECT coalesce(array_agg(ogive.pass_at(w.k, c.passed, t.n) ORDER BY w.place), '{}')
            FROM unnest(pass_rates.k) WITH ORDINALITY w(k, place))
    FROM ogive.run_tables t
    CROSS JOIN LATERAL (
        SELECT ogive.passed_count(t.rewards, passes_from) AS passed OFFSET 0
    ) c
    CROSS JOIN LATERAL ogive.share_interval(c.passed, t.n, pass_rates.level) i
    WHERE t.run_id = (SELECT ogive.run_id(pass_rates.run))
        AND t.snapshot_id = (SELECT ogive.snapshot_id(pass_rates.run, pass_rates.snapshot))
        AND c.passed::float8 / t.n BETWEEN min_rate AND max_rate
$$;

COMMENT ON FUNCTION ogive.pass_rates(
    text, integer[], float8, float8, float8, float8, text
) IS
    'The share of a prompt''s draws that passed, for verifiers: one row for each prompt with a '
    'reward and a pass rate in min_rate..max_rate, as a curriculum chooses prompts. lower and '
    'upper as of ogive.share_interval by jeffreys; pass_at: ogive.pass_at for each k. A draw '
    'passes with a reward of 1, and an error names a run with rewards that are neither 0 nor 1; '
    'with passes_from it passes with that reward or more. Of draws with a reward: a verifier that '
    'failed on a completion said nothing about it.';

GRANT EXECUTE ON FUNCTION ogive.pass_rates(
    text, integer[], float8, float8, float8, float8, text) TO ogive_reader, ogive_writer;
