CREATE OR REPLACE FUNCTION ogive.drift(
    run text, other text, p float8[] DEFAULT '{0.1,0.25,0.5,0.75,0.9}',
    snapshot text DEFAULT NULL, other_snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, n integer, other_n integer, complete boolean,
    ks_distance float8, ks_p_value float8, mean float8, other_mean float8, mean_shift float8,
    mean_shift_standard_error float8, quantile_shifts float8[]
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, t.n, u.n, t.complete AND u.complete,
        ogive.ks_distance(t.rewards, u.rewards), ogive.ks_p_value(t.rewards, u.rewards),
        a.value, b.value, b.value - a.value,
        sqrt(a.standard_error ^ 2 + b.standard_error ^ 2), q.shifts
    FROM ogive.run_tables t
    JOIN ogive.run_tables u ON u.prompt_id = t.prompt_id
    CROSS JOIN LATERAL ogive.mean_value(t.rewards) a
    CROSS JOIN LATERAL ogive.mean_value(u.rewards) b
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(ogive.quantile(u.rewards, w.p)
            - ogive.quantile(t.rewards, w.p) ORDER BY w.place), '{}') AS shifts
        FROM unnest(drift.p) WITH ORDINALITY w(p, place)
    ) q
    WHERE t.run_id = (SELECT ogive.run_id(drift.run))
        AND t.snapshot_id = (SELECT ogive.snapshot_id(drift.run, drift.snapshot))
        AND u.run_id = (SELECT ogive.other_version(drift.run, drift.other))
        AND u.snapshot_id = (SELECT ogive.snapshot_id(drift.other, drift.other_snapshot))
$$;

COMMENT ON FUNCTION ogive.drift(text, text, float8[], text, text) IS
    'How far the distribution of reward of each prompt moved from one reference version to '
    'another: one row for each prompt with rewards in both runs. ks_distance and ks_p_value as of '
    'the functions of these names; mean_shift is other_mean - mean, and its standard error is '
    'that of Welch (NULL with one reward); quantile_shifts has ogive.quantile of other less that '
    'of run, for each p. One prompt in twenty has a p-value of 0.05 or less by chance alone: '
    'ogive.drift_summary counts with that in mind. An error where the runs cannot be compared '
    '(ogive.other_version).';

GRANT EXECUTE ON FUNCTION ogive.drift(text, text, float8[], text, text)
    TO ogive_reader, ogive_writer;
