SET LOCAL ROLE ogive_owner;

CREATE TABLE ogive.samplings (
    id bigint GENERATED ALWAYS AS IDENTITY,
    prompt_set_id bigint NOT NULL,
    spec_sha256 bytea NOT NULL,
    spec jsonb NOT NULL,
    policy_fingerprint jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT samplings_pkey PRIMARY KEY (id),
    CONSTRAINT samplings_spec_sha256_key UNIQUE (spec_sha256),
    CONSTRAINT samplings_set_fkey FOREIGN KEY (prompt_set_id) REFERENCES ogive.prompt_sets (id),
    CONSTRAINT samplings_sha256_length CHECK (octet_length(spec_sha256) = 32),
    CONSTRAINT samplings_spec_object CHECK (jsonb_typeof(spec) = 'object')
);
COMMENT ON TABLE ogive.samplings IS
    'Prompt set × reference policy × sampling parameters, identified by the SHA-256 of the '
    'canonical specification. Owns completions of one policy fingerprint.';

-- The prompt is no foreign key: checking one would lock a prompt row for each draw. Landing
-- verifies that prompts belong to the sampling's set.
CREATE TABLE ogive.completion_rows (
    sampling_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    log_probability float8,
    seed bigint,
    landed_at timestamptz NOT NULL,
    draw_index integer NOT NULL,
    token_count integer,
    sample_ms real,
    worker uuid NOT NULL,
    finish_reason text NOT NULL,
    text text NOT NULL,
    raw bytea,
    CONSTRAINT completion_rows_pkey PRIMARY KEY (sampling_id, prompt_id, draw_index),
    CONSTRAINT completion_rows_draw_index CHECK (draw_index >= 0),
    CONSTRAINT completion_rows_token_count CHECK (token_count >= 0),
    CONSTRAINT completion_rows_finish_reason CHECK (finish_reason IN ('stop', 'length', 'other')),
    -- NaN sorts above infinity, so this refuses all three.
    CONSTRAINT completion_rows_log_probability_finite
        CHECK (log_probability > '-Infinity' AND log_probability < 'Infinity')
) PARTITION BY LIST (sampling_id);
COMMENT ON TABLE ogive.completion_rows IS
    'Reference completions, one partition a sampling; a committed row never changes. PostgreSQL '
    'text cannot hold U+0000: then text has U+FFFD in its place and raw the exact bytes.';

CREATE TABLE ogive.sampling_progress (
    sampling_id bigint NOT NULL,
    draws bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    truncated bigint NOT NULL DEFAULT 0,
    CONSTRAINT sampling_progress_pkey PRIMARY KEY (sampling_id),
    CONSTRAINT sampling_progress_sampling_fkey FOREIGN KEY (sampling_id)
        REFERENCES ogive.samplings (id) ON DELETE CASCADE,
    CONSTRAINT sampling_progress_counts CHECK (draws >= 0 AND tokens >= 0 AND truncated >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.sampling_progress IS
    'Counters of a sampling, updated once by each landing transaction.';

CREATE FUNCTION ogive.create_sampling_partition(sampling_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    partition_name text := 'completion_rows_' || sampling_id;
BEGIN
    -- Made apart and then attached: this does not block readers and writers of other partitions.
    EXECUTE format(
        'CREATE TABLE ogive.%I (LIKE ogive.completion_rows INCLUDING ALL)', partition_name);
    EXECUTE format(
        'ALTER TABLE ogive.completion_rows ATTACH PARTITION ogive.%I FOR VALUES IN (%s)',
        partition_name, sampling_id);
    EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', partition_name,
        'Completions of sampling ' || sampling_id || '.');
END
$$;
COMMENT ON FUNCTION ogive.create_sampling_partition(bigint) IS
    'Makes the partition that holds the completions of a sampling.';

CREATE FUNCTION ogive.drop_sampling_partition(sampling_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DROP TABLE ogive.%I', 'completion_rows_' || sampling_id);
END
$$;
COMMENT ON FUNCTION ogive.drop_sampling_partition(bigint) IS
    'Drops the partition that holds the completions of a sampling.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ogive.samplings, ogive.sampling_progress TO ogive_writer;
GRANT SELECT, INSERT ON ogive.completion_rows TO ogive_writer;
REVOKE ALL ON FUNCTION ogive.create_sampling_partition(bigint),
    ogive.drop_sampling_partition(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ogive.create_sampling_partition(bigint),
    ogive.drop_sampling_partition(bigint) TO ogive_writer;
