CREATE OR REPLACE VIEW ogive.quantile_tables AS
SELECT r.name AS run, p.key AS prompt_key, t.prompt_id, o.n, a.draws,
    t.complete_to >= a.draws AS complete,
    CASE WHEN o.n = t.n THEN w.rewards
        ELSE ogive.first_rewards(w.draw_indexes, w.draw_rewards, a.draws) END AS rewards,
    CASE WHEN o.n = t.n THEN w.draw_indexes ELSE w.draw_indexes[1:o.n] END AS draw_indexes,
    CASE WHEN o.n = t.n THEN w.draw_rewards ELSE w.draw_rewards[1:o.n] END AS draw_rewards,
    CASE WHEN o.n = t.n THEN least(t.rewards[1], t.tail_sorted[1]) = greatest(
            t.rewards[cardinality(t.rewards)], t.tail_sorted[cardinality(t.tail_sorted)])
        ELSE w.draw_rewards[1] = ALL (w.draw_rewards[1:o.n]) END AS degenerate,
    t.updated_at, r.id AS run_id, t.scoring_id
FROM ogive.runs r
JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = t.prompt_id
LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = t.prompt_id
CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) a
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.complete_to >= a.draws THEN a.draws WHEN t.complete_to = t.n THEN t.n
        ELSE ogive_internal.count_below(a.draws, t.draw_indexes, t.tail_indexes) END AS n
) o
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.tail_indexes IS NULL THEN t.draw_indexes
            ELSE ogive_internal.merged_indexes(t.draw_indexes, t.tail_indexes) END
            AS draw_indexes,
        CASE WHEN t.tail_indexes IS NULL THEN t.draw_rewards
            ELSE ogive_internal.merged_rewards(
                t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards) END
            AS draw_rewards,
        CASE WHEN t.tail_indexes IS NULL THEN t.rewards
            ELSE ogive_internal.merged_sorted(t.rewards, t.tail_sorted) END AS rewards
) w
WHERE o.n > 0;

COMMENT ON VIEW ogive.quantile_tables IS
    'The empirical distribution of reward under the reference policy: one row for each run and '
    'prompt with at least one reward, of the run''s own draws alone. Another run on the same '
    'scoring that asks for more draws changes nothing here.';
COMMENT ON COLUMN ogive.quantile_tables.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.quantile_tables.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.quantile_tables.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.quantile_tables.n IS 'Number of the run''s draws with a reward.';
COMMENT ON COLUMN ogive.quantile_tables.draws IS
    'Number of draws that the run asks for, of this prompt.';
COMMENT ON COLUMN ogive.quantile_tables.complete IS
    'Whether draws 0 to draws - 1 all have a reward.';
COMMENT ON COLUMN ogive.quantile_tables.rewards IS
    'Raw rewards, sorted ascending: what ogive.quantile_reward and ogive.quantile take.';
COMMENT ON COLUMN ogive.quantile_tables.draw_indexes IS
    'Indexes of these draws, ascending, all below draws.';
COMMENT ON COLUMN ogive.quantile_tables.draw_rewards IS 'Raw rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive.quantile_tables.degenerate IS
    'Whether all rewards are equal: such a table cannot tell completions apart.';
COMMENT ON COLUMN ogive.quantile_tables.updated_at IS 'When a reward last landed.';
COMMENT ON COLUMN ogive.quantile_tables.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.quantile_tables.scoring_id IS 'Number of the scoring.';

GRANT SELECT ON ogive.quantile_tables TO ogive_reader, ogive_writer;
