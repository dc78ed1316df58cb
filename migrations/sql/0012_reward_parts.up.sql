SET LOCAL ROLE ogive_owner;

CREATE TABLE ogive.reward_part_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    item_index integer NOT NULL,
    item_kind text NOT NULL,
    parts float8[] NOT NULL,
    CONSTRAINT reward_part_rows_pkey PRIMARY KEY (scoring_id, prompt_id, item_kind, item_index),
    CONSTRAINT reward_part_rows_item_kind CHECK (item_kind IN ('draw', 'candidate')),
    CONSTRAINT reward_part_rows_item_index CHECK (item_index >= 0),
    CONSTRAINT reward_part_rows_length CHECK (
        cardinality(parts) > 0 AND array_position(parts, NULL) IS NULL),
    -- NaN sorts above infinity, so this refuses all three.
    CONSTRAINT reward_part_rows_finite CHECK (
        '-Infinity' < ALL (parts) AND 'Infinity' > ALL (parts))
) PARTITION BY LIST (scoring_id);
COMMENT ON TABLE ogive.reward_part_rows IS
    'The raw rewards of the parts of a weighted scorer, in the order of its specification, one row '
    'for each rewarded item, one partition a scoring. Behind the view ogive.reward_parts.';

CREATE OR REPLACE FUNCTION ogive.create_scoring_partitions(scoring_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY[
        'quantile_table_rows', 'candidate_reward_rows', 'reward_part_rows'] LOOP
        EXECUTE format('CREATE TABLE ogive.%I (LIKE ogive.%I INCLUDING ALL)',
            parent || '_' || scoring_id, parent);
        EXECUTE format('ALTER TABLE ogive.%I ATTACH PARTITION ogive.%I FOR VALUES IN (%s)',
            parent, parent || '_' || scoring_id, scoring_id);
        EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', parent || '_' || scoring_id,
            'Rewards of scoring ' || scoring_id || '.');
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION ogive.drop_scoring_partitions(scoring_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DROP TABLE ogive.%I', 'quantile_table_rows_' || scoring_id);
    EXECUTE format('DROP TABLE ogive.%I', 'candidate_reward_rows_' || scoring_id);
    EXECUTE format('DROP TABLE ogive.%I', 'reward_part_rows_' || scoring_id);
END
$$;

-- The scorings that are there have no parts, but their partitions are dropped with them.
DO $$
DECLARE
    scoring bigint;
BEGIN
    FOR scoring IN SELECT id FROM ogive.scorings LOOP
        EXECUTE format(
            'CREATE TABLE ogive.%I PARTITION OF ogive.reward_part_rows FOR VALUES IN (%s)',
            'reward_part_rows_' || scoring, scoring);
        EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', 'reward_part_rows_' || scoring,
            'Rewards of scoring ' || scoring || '.');
    END LOOP;
END
$$;

CREATE VIEW ogive.reward_parts AS
SELECT r.name AS run, p.key AS prompt_key, w.prompt_id, w.item_kind, w.item_index,
    d.part ->> 'name' AS part, (d.part ->> 'weight')::float8 AS weight,
    w.parts[d.number] AS reward, d.number::integer - 1 AS part_index, r.id AS run_id, w.scoring_id
FROM ogive.runs r
JOIN ogive.scorings g ON g.id = r.scoring_id
CROSS JOIN LATERAL jsonb_array_elements(g.spec #> '{scorer,parts}')
    WITH ORDINALITY d(part, number)
JOIN ogive.reward_part_rows w ON w.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = w.prompt_id;
COMMENT ON VIEW ogive.reward_parts IS
    'What the rewards of a weighted scorer are made of: one row for each run, rewarded item and '
    'part. The sum of weight * reward over the parts is the item''s reward.';
COMMENT ON COLUMN ogive.reward_parts.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.reward_parts.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.reward_parts.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.reward_parts.item_kind IS 'draw or candidate.';
COMMENT ON COLUMN ogive.reward_parts.item_index IS 'Index within its kind, from 0.';
COMMENT ON COLUMN ogive.reward_parts.part IS 'Name of the part.';
COMMENT ON COLUMN ogive.reward_parts.weight IS 'Its factor in the sum.';
COMMENT ON COLUMN ogive.reward_parts.reward IS 'The raw reward that it gave.';
COMMENT ON COLUMN ogive.reward_parts.part_index IS 'Its place in the specification, from 0.';
COMMENT ON COLUMN ogive.reward_parts.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.reward_parts.scoring_id IS 'Number of the scoring.';

GRANT SELECT, INSERT ON ogive.reward_part_rows TO ogive_writer;
GRANT SELECT ON ogive.reward_parts TO ogive_reader, ogive_writer;
