SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.reward_parts;
DROP TABLE ogive.reward_part_rows;

CREATE OR REPLACE FUNCTION ogive.create_scoring_partitions(scoring_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['quantile_table_rows', 'candidate_reward_rows'] LOOP
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
END
$$;
