CREATE OR REPLACE VIEW ogive_internal.whole_tables AS
SELECT scoring_id, prompt_id, n, complete_to, updated_at,
    CASE WHEN tail_indexes IS NULL THEN draw_indexes
        ELSE ogive_internal.merged_indexes(draw_indexes, tail_indexes) END AS draw_indexes,
    CASE WHEN tail_indexes IS NULL THEN draw_rewards
        ELSE ogive_internal.merged_rewards(
            draw_indexes, draw_rewards, tail_indexes, tail_rewards) END AS draw_rewards,
    CASE WHEN tail_indexes IS NULL THEN rewards
        ELSE ogive_internal.merged_sorted(rewards, tail_sorted) END AS rewards
FROM ogive.quantile_table_rows;

COMMENT ON VIEW ogive_internal.whole_tables IS
    'ogive.quantile_table_rows with the draws of the tails in their places.';
COMMENT ON COLUMN ogive_internal.whole_tables.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive_internal.whole_tables.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive_internal.whole_tables.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive_internal.whole_tables.complete_to IS
    'Draws 0 to this number - 1 are all there.';
COMMENT ON COLUMN ogive_internal.whole_tables.updated_at IS 'When it last grew.';
COMMENT ON COLUMN ogive_internal.whole_tables.draw_indexes IS 'Indexes of these draws, ascending.';
COMMENT ON COLUMN ogive_internal.whole_tables.draw_rewards IS
    'Their rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive_internal.whole_tables.rewards IS 'Their rewards, sorted ascending.';

GRANT SELECT ON ogive_internal.whole_tables TO ogive_writer;
