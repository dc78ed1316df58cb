CREATE OR REPLACE FUNCTION ogive_internal.create_sampling_partition(sampling_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    partition_name text := 'completion_rows_' || sampling_id;
BEGIN
    -- Made apart and then attached: this does not block readers and writers of other partitions.
    EXECUTE format(
        'CREATE TABLE ogive.%I (LIKE ogive.completion_rows INCLUDING ALL)', partition_name);
    -- No query looks for a text or its tokens by their values: what takes ANALYZE most of its time.
    EXECUTE format('ALTER TABLE ogive.%I ALTER COLUMN text SET STATISTICS 0, '
        'ALTER COLUMN raw SET STATISTICS 0, ALTER COLUMN token_ids SET STATISTICS 0, '
        'ALTER COLUMN token_log_probabilities SET STATISTICS 0', partition_name);
    EXECUTE format(
        'ALTER TABLE ogive.completion_rows ATTACH PARTITION ogive.%I FOR VALUES IN (%s)',
        partition_name, sampling_id);
    EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', partition_name,
        'Of sampling ' || sampling_id || ': see ogive.completion_rows.');
END
$$;

COMMENT ON FUNCTION ogive_internal.create_sampling_partition(bigint) IS
    'Makes the partition that holds the completions of a sampling.';

GRANT EXECUTE ON FUNCTION ogive_internal.create_sampling_partition(bigint) TO ogive_writer;
