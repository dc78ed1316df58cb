SET LOCAL ROLE ogive_owner;

DROP TABLE ogive.quantile_table_rows, ogive.candidate_reward_rows, ogive.reward_part_rows,
    ogive.candidate_log_probability_rows;
ALTER TABLE ogive_internal.quantile_table_rows SET SCHEMA ogive;
ALTER TABLE ogive_internal.candidate_reward_rows SET SCHEMA ogive;
ALTER TABLE ogive_internal.reward_part_rows SET SCHEMA ogive;
ALTER TABLE ogive_internal.candidate_log_probability_rows SET SCHEMA ogive;
GRANT SELECT, INSERT, UPDATE ON ogive.quantile_table_rows TO ogive_writer;
GRANT SELECT, INSERT ON ogive.candidate_reward_rows, ogive.reward_part_rows TO ogive_writer;
GRANT SELECT, INSERT, DELETE ON ogive.candidate_log_probability_rows TO ogive_writer;

CREATE OR REPLACE FUNCTION ogive_internal.create_sampling_partition(sampling_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parent text;
    partition_name text;
BEGIN
    -- Made apart and then attached: this does not block readers and writers of other partitions.
    FOREACH parent IN ARRAY ARRAY['completion_rows', 'candidate_log_probability_rows'] LOOP
        partition_name := parent || '_' || sampling_id;
        EXECUTE format(
            'CREATE TABLE ogive.%I (LIKE ogive.%I INCLUDING ALL)', partition_name, parent);
        EXECUTE format('ALTER TABLE ogive.%I ATTACH PARTITION ogive.%I FOR VALUES IN (%s)',
            parent, partition_name, sampling_id);
        EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', partition_name,
            'Of sampling ' || sampling_id || ': see ogive.' || parent || '.');
    END LOOP;
END
$$;
COMMENT ON FUNCTION ogive_internal.create_sampling_partition(bigint) IS
    'Makes the partitions that hold the completions of a sampling, and the log-probabilities of '
    'candidates under its policy.';

CREATE FUNCTION ogive_internal.create_scoring_partitions(scoring_id bigint) RETURNS void
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
COMMENT ON FUNCTION ogive_internal.create_scoring_partitions(bigint) IS
    'Makes the partitions that hold the rewards of a scoring.';
REVOKE ALL ON FUNCTION ogive_internal.create_scoring_partitions(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ogive_internal.create_scoring_partitions(bigint) TO ogive_writer;
