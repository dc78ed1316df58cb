SET LOCAL ROLE ogive_owner;

ALTER TABLE ogive.samplings DROP COLUMN draws_max;

-- A cancelled run is open for a version that knows no other word for it.
UPDATE ogive.runs SET state = 'open' WHERE state = 'cancelled';
ALTER TABLE ogive.runs DROP CONSTRAINT runs_state,
    ADD CONSTRAINT runs_state CHECK (state IN ('open', 'finished', 'budget'));

GRANT DELETE ON ogive.samplings, ogive.sampling_progress, ogive.scorings, ogive.scoring_progress
    TO ogive_writer;

ALTER FUNCTION ogive_internal.create_sampling_partition(bigint) SET SCHEMA ogive;
ALTER FUNCTION ogive_internal.create_scoring_partitions(bigint) SET SCHEMA ogive;
ALTER FUNCTION ogive_internal.analyze_new_tables() SET SCHEMA ogive;

CREATE FUNCTION ogive.drop_sampling_partition(sampling_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DROP TABLE ogive.%I', 'completion_rows_' || sampling_id);
    EXECUTE format('DROP TABLE ogive.%I', 'candidate_log_probability_rows_' || sampling_id);
END
$$;
COMMENT ON FUNCTION ogive.drop_sampling_partition(bigint) IS
    'Drops the partitions that hold the completions of a sampling, and the log-probabilities of '
    'candidates under its policy.';
CREATE FUNCTION ogive.drop_scoring_partitions(scoring_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DROP TABLE ogive.%I', 'quantile_table_rows_' || scoring_id);
    EXECUTE format('DROP TABLE ogive.%I', 'candidate_reward_rows_' || scoring_id);
    EXECUTE format('DROP TABLE ogive.%I', 'reward_part_rows_' || scoring_id);
END
$$;
COMMENT ON FUNCTION ogive.drop_scoring_partitions(bigint) IS
    'Drops the partitions that hold the rewards of a scoring.';
REVOKE ALL ON FUNCTION ogive.drop_sampling_partition(bigint), ogive.drop_scoring_partitions(bigint)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ogive.drop_sampling_partition(bigint),
    ogive.drop_scoring_partitions(bigint) TO ogive_writer;

DROP SCHEMA ogive_internal;
