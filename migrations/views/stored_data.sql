CREATE OR REPLACE VIEW ogive.stored_data AS
SELECT 'sampling' AS kind, s.id AS data_id, s.id AS sampling_id, e.name AS prompt_set,
    s.spec #>> '{policy,model}' AS model, a.draws AS items,
    coalesce(pg_total_relation_size(to_regclass('ogive.completion_rows_' || s.id)), 0)
        + coalesce((pg_total_relation_size('ogive.candidate_log_probability_rows'::regclass)::float8
            * (a.candidate_log_probabilities + a.candidate_log_probability_failures) / nullif((
                SELECT sum(x.candidate_log_probabilities + x.candidate_log_probability_failures)
                FROM ogive.sampling_progress x), 0)::float8)::bigint, 0) AS bytes,
    s.created_at,
    ARRAY(SELECT r.name FROM ogive.runs r WHERE r.sampling_id = s.id ORDER BY r.id) AS runs
FROM ogive.samplings s
JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
JOIN ogive.sampling_progress a ON a.sampling_id = s.id
UNION ALL
SELECT 'scoring', g.id, g.sampling_id, e.name, g.spec #>> '{scorer,model}',
    b.rewards + b.candidate_rewards,
    coalesce((pg_total_relation_size('ogive.quantile_table_rows'::regclass)::float8
            * b.rewards / nullif((SELECT sum(x.rewards) FROM ogive.scoring_progress x), 0)::float8
        )::bigint, 0)
        + coalesce((pg_total_relation_size('ogive.candidate_reward_rows'::regclass)::float8
            * b.candidate_rewards / nullif((
                SELECT sum(x.candidate_rewards) FROM ogive.scoring_progress x), 0)::float8
        )::bigint, 0)
        + CASE WHEN g.spec #> '{scorer,parts}' IS NULL THEN 0 ELSE coalesce(
            (pg_total_relation_size('ogive.reward_part_rows'::regclass)::float8
            * (b.rewards + b.candidate_rewards) / nullif((
                SELECT sum(x.rewards + x.candidate_rewards) FROM ogive.scoring_progress x
                JOIN ogive.scorings y ON y.id = x.scoring_id
                WHERE y.spec #> '{scorer,parts}' IS NOT NULL), 0)::float8)::bigint, 0) END,
    g.created_at,
    ARRAY(SELECT r.name FROM ogive.runs r WHERE r.scoring_id = g.id ORDER BY r.id)
FROM ogive.scorings g
JOIN ogive.samplings s ON s.id = g.sampling_id
JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
JOIN ogive.scoring_progress b ON b.scoring_id = g.id;

COMMENT ON VIEW ogive.stored_data IS
    'What samplings and scorings take on disk, and which runs name them: those that no run names '
    'are what `ogive status --orphans` lists and `ogive drop --orphans` removes.';
COMMENT ON COLUMN ogive.stored_data.kind IS 'sampling (completions) or scoring (rewards).';
COMMENT ON COLUMN ogive.stored_data.data_id IS 'Number of the sampling or of the scoring.';
COMMENT ON COLUMN ogive.stored_data.sampling_id IS
    'Number of the sampling; of a scoring the one that it belongs to.';
COMMENT ON COLUMN ogive.stored_data.prompt_set IS 'Name of the prompt set.';
COMMENT ON COLUMN ogive.stored_data.model IS
    'Model id of the reference policy, or model id or name of the scorer.';
COMMENT ON COLUMN ogive.stored_data.items IS
    'Completions of a sampling; rewards of a scoring, of draws and candidates.';
COMMENT ON COLUMN ogive.stored_data.bytes IS
    'Bytes on disk, with indexes: of completions as they are; of what shares a table with others '
    'by its share of the rows.';
COMMENT ON COLUMN ogive.stored_data.created_at IS 'When a run first asked for it.';
COMMENT ON COLUMN ogive.stored_data.runs IS
    'The runs that name it; a run that was given another specification names the former one no '
    'more.';

GRANT SELECT ON ogive.stored_data TO ogive_reader, ogive_writer;
