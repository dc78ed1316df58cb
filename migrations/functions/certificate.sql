CREATE OR REPLACE FUNCTION ogive.certificate(
    run text, snapshot text DEFAULT NULL, passes_from float8 DEFAULT NULL,
    min_rate float8 DEFAULT 0, max_rate float8 DEFAULT 1
)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_object(
        'run', r.name, 'snapshot', certificate.snapshot, 'draws', r.draws,
        'sampling', jsonb_build_object(
            'sha256', encode(s.spec_sha256, 'hex'), 'seed', s.spec #> '{parameters,seed}',
            'adopted', coalesce(s.spec #>> '{policy,kind}' = 'adopted', false),
            'samples_model', v.samples_model, 'policy_fingerprint', s.policy_fingerprint),
        'scoring', jsonb_build_object(
            'sha256', encode(g.spec_sha256, 'hex'), 'scorer_fingerprint', g.scorer_fingerprint),
        'snapshot_sha256', (
            SELECT encode(m.sha256, 'hex') FROM ogive.snapshot_rows m WHERE m.id = x.id),
        'prompts', (
            SELECT count(*) FROM ogive.prompt_rows p WHERE p.prompt_set_id = s.prompt_set_id),
        'tables', t.tables, 'completions', c.completions,
        'selection', CASE WHEN min_rate > 0 OR max_rate < 1 THEN (
            SELECT jsonb_build_object(
                'passes_from', passes_from, 'min_rate', min_rate, 'max_rate', max_rate,
                'prompts', count(*), 'left_out', (t.tables ->> 'count')::bigint - count(*))
            FROM ogive.pass_rates(
                certificate.run, '{}', certificate.passes_from, certificate.min_rate,
                certificate.max_rate, snapshot => certificate.snapshot)) END)
    FROM ogive.runs r
    JOIN ogive.samplings s ON s.id = r.sampling_id
    JOIN ogive.scorings g ON g.id = r.scoring_id
    JOIN ogive.run_policies v ON v.run_id = r.id
    CROSS JOIN LATERAL (
        SELECT ogive.snapshot_id(certificate.run, certificate.snapshot) AS id
    ) x
    CROSS JOIN LATERAL (
        SELECT jsonb_build_object(
            'count', count(*), 'complete', count(*) FILTER (WHERE e.complete),
            'degenerate', count(*) FILTER (WHERE e.degenerate), 'rewards', coalesce(sum(e.n), 0),
            'smallest', min(e.n), 'largest', max(e.n),
            'mean_effective_count', avg(ogive.effective_count(e.rewards))) AS tables
        FROM ogive.run_tables e WHERE e.run_id = r.id AND e.snapshot_id = x.id
    ) t
    CROSS JOIN LATERAL (
        SELECT jsonb_build_object(
            'count', count(*), 'truncated', count(*) FILTER (WHERE d.truncated),
            'lossy_text', count(*) FILTER (WHERE d.text_is_lossy),
            'without_log_probability', count(*) FILTER (WHERE d.log_probability IS NULL),
            'without_reward', count(*) - count(w.reward)) AS completions
        FROM ogive.run_completions d
        LEFT JOIN ogive.snapshot_table_rows m
            ON m.snapshot_id = x.id AND m.prompt_id = d.prompt_id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN x.id = 0 THEN d.reward ELSE ogive.reward_of_draw(
                m.draw_indexes, m.draw_rewards, d.draw_index) END AS reward
        ) w
        WHERE d.run_id = r.id AND (x.id = 0
            OR d.draw_index = ANY (m.draw_indexes || m.unscored_indexes))
    ) c
    WHERE r.id = ogive.run_id(certificate.run)
$$;

COMMENT ON FUNCTION ogive.certificate(text, text, float8, float8, float8) IS
    'What a reader of a run''s numbers has to know of them, as JSON: identities, seed and '
    'fingerprints, whether the completions were adopted, how many tables there are, complete and '
    'degenerate ones, how many values they tell apart on average (effective_count), and how many '
    'completions were cut off, lost bytes, or have no reward or log-probability. Reads all of the '
    'run. snapshot: one of ogive.snapshots in place of what is there now. With min_rate, max_rate '
    'and passes_from, which are those of ogive.pass_rates, selection says how many prompts they '
    'choose, and how many they leave out; all other numbers are of the whole run.';

GRANT EXECUTE ON FUNCTION ogive.certificate(text, text, float8, float8, float8)
    TO ogive_reader, ogive_writer;
