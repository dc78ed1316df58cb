CREATE OR REPLACE FUNCTION ogive.prompt_features(run text, snapshot text DEFAULT NULL)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, n integer, mean float8, spread float8, skewness float8,
    kurtosis float8, minimum float8, p05 float8, p10 float8, p25 float8, p50 float8, p75 float8,
    p90 float8, p95 float8, maximum float8, effective_count float8, draws bigint,
    mean_tokens float8, spread_tokens float8, truncated_share float8, mean_log_probability float8,
    prompt_characters bigint, candidates integer
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, t.n, m.mean, ogive.reward_spread(t.rewards), m.skewness,
        m.kurtosis, t.rewards[1], ogive.quantile(t.rewards, 0.05), ogive.quantile(t.rewards, 0.1),
        ogive.quantile(t.rewards, 0.25), ogive.quantile(t.rewards, 0.5),
        ogive.quantile(t.rewards, 0.75), ogive.quantile(t.rewards, 0.9),
        ogive.quantile(t.rewards, 0.95), t.rewards[t.n], ogive.effective_count(t.rewards),
        c.draws, c.mean_tokens, c.spread_tokens, c.truncated_share, c.mean_log_probability,
        w.characters, p.candidates
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    CROSS JOIN LATERAL (
        -- PostgreSQL refuses powers that are too small: such terms add nothing.
        SELECT a.mean, avg(CASE WHEN abs(z.score) < 1e-50 THEN 0 ELSE power(z.score, 3) END)
                AS skewness,
            avg(CASE WHEN abs(z.score) < 1e-50 THEN 0 ELSE power(z.score, 4) END) - 3 AS kurtosis
        FROM (SELECT avg(x) AS mean, stddev_pop(x) AS spread FROM unnest(t.rewards) y(x)) a,
            unnest(t.rewards) u(reward),
            LATERAL (SELECT CASE WHEN NOT t.degenerate
                THEN (u.reward - a.mean) / nullif(a.spread, 0) END) z(score)
        GROUP BY a.mean
    ) m
    CROSS JOIN LATERAL (
        SELECT count(*) AS draws, avg(s.token_count)::float8 AS mean_tokens,
            stddev_samp(s.token_count)::float8 AS spread_tokens,
            avg(s.truncated::integer)::float8 AS truncated_share,
            avg(s.log_probability ORDER BY s.draw_index) AS mean_log_probability
        FROM ogive.run_completions s
        WHERE s.run_id = t.run_id AND s.prompt_id = t.prompt_id
            AND (t.unscored_indexes IS NULL
                OR s.draw_index = ANY (t.draw_indexes || t.unscored_indexes))
    ) c
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.content ? 'text' THEN length(p.content ->> 'text')::bigint
            ELSE (SELECT sum(length(e.turn ->> 'content'))
                FROM jsonb_array_elements(p.content -> 'messages') e(turn)) END AS characters
    ) w
    WHERE t.run_id = (SELECT ogive.run_id(prompt_features.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(prompt_features.run, prompt_features.snapshot))
$$;

COMMENT ON FUNCTION ogive.prompt_features(text, text) IS
    'Numbers about each prompt in columns of fixed width: moments of its rewards (spread with n - '
    '1, skewness and excess kurtosis with n in the denominator, NULL when all are equal), a grid '
    'of quantiles, lengths in tokens, the share of truncated draws, log-probabilities.';

GRANT EXECUTE ON FUNCTION ogive.prompt_features(text, text) TO ogive_reader, ogive_writer;
