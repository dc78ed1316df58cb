CREATE OR REPLACE FUNCTION ogive.drift_summary(
    run text, other text, false_discovery_rate float8 DEFAULT 0.05, snapshot text DEFAULT NULL,
    other_snapshot text DEFAULT NULL, OUT prompts bigint, OUT complete bigint,
    OUT moved bigint, OUT moved_ks_p_value float8, OUT mean_ks_distance float8,
    OUT largest_ks_distance float8, OUT mean_shift float8, OUT mean_shift_standard_error float8
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT count(*), count(*) FILTER (WHERE r.complete),
        coalesce(max(r.rank) FILTER (WHERE r.is_below), 0),
        max(r.ks_p_value) FILTER (WHERE r.is_below), avg(r.ks_distance), max(r.ks_distance),
        avg(r.mean_shift), stddev_samp(r.mean_shift) / sqrt(count(*))
    FROM (
        SELECT d.*, rank() OVER w + count(*) OVER (PARTITION BY d.ks_p_value) - 1 AS rank,
            d.ks_p_value <= (rank() OVER w + count(*) OVER (PARTITION BY d.ks_p_value) - 1)
                * false_discovery_rate / count(*) OVER () AS is_below
        FROM ogive.drift(run, other, '{}', snapshot, other_snapshot) d
        WINDOW w AS (ORDER BY d.ks_p_value)
    ) r
$$;

COMMENT ON FUNCTION ogive.drift_summary(text, text, float8, text, text) IS
    'How far all prompts moved from one reference version to another (ogive.drift): how many have '
    'rewards in both, and how many of these all; moved: how many of them moved when no more than '
    'the share false_discovery_rate of these may be by chance (Benjamini and Hochberg 1995), the '
    'ones with a p-value of at most moved_ks_p_value (NULL without any); mean and largest '
    'distance; and the mean shift of mean rewards, with its standard error over prompts.';

GRANT EXECUTE ON FUNCTION ogive.drift_summary(text, text, float8, text, text)
    TO ogive_reader, ogive_writer;
