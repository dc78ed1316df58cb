SET LOCAL ROLE ogive_owner;

CREATE TABLE ogive.scorings (
    id bigint GENERATED ALWAYS AS IDENTITY,
    sampling_id bigint NOT NULL,
    spec_sha256 bytea NOT NULL,
    spec jsonb NOT NULL,
    scorer_fingerprint jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT scorings_pkey PRIMARY KEY (id),
    CONSTRAINT scorings_spec_sha256_key UNIQUE (spec_sha256),
    CONSTRAINT scorings_sampling_fkey FOREIGN KEY (sampling_id) REFERENCES ogive.samplings (id),
    CONSTRAINT scorings_sha256_length CHECK (octet_length(spec_sha256) = 32),
    CONSTRAINT scorings_spec_object CHECK (jsonb_typeof(spec) = 'object')
);
COMMENT ON TABLE ogive.scorings IS
    'Sampling × scorer, identified by the SHA-256 of the canonical specification. Owns rewards of '
    'one scorer fingerprint.';
CREATE INDEX scorings_sampling ON ogive.scorings (sampling_id);

CREATE TABLE ogive.quantile_table_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    n integer NOT NULL,
    complete_to integer NOT NULL,
    updated_at timestamptz NOT NULL,
    draw_indexes integer[] NOT NULL,
    draw_rewards float8[] NOT NULL,
    rewards float8[] NOT NULL,
    CONSTRAINT quantile_table_rows_pkey PRIMARY KEY (scoring_id, prompt_id),
    CONSTRAINT quantile_table_rows_lengths CHECK (
        n > 0 AND cardinality(draw_indexes) = n AND cardinality(draw_rewards) = n
        AND cardinality(rewards) = n),
    CONSTRAINT quantile_table_rows_complete_to CHECK (
        complete_to BETWEEN 0 AND n
        AND (complete_to = 0 OR draw_indexes[complete_to] = complete_to - 1)),
    -- NaN sorts above infinity, so this refuses all three.
    CONSTRAINT quantile_table_rows_finite CHECK (
        '-Infinity' < ALL (draw_rewards) AND 'Infinity' > ALL (draw_rewards)
        AND '-Infinity' < ALL (rewards) AND 'Infinity' > ALL (rewards)),
    CONSTRAINT quantile_table_rows_no_nulls CHECK (
        array_position(draw_indexes, NULL) IS NULL
        AND array_position(draw_rewards, NULL) IS NULL AND array_position(rewards, NULL) IS NULL)
) PARTITION BY LIST (scoring_id);
COMMENT ON TABLE ogive.quantile_table_rows IS
    'The rewards of a prompt''s draws, one partition a scoring: by ascending draw index in '
    'draw_indexes and draw_rewards, sorted in rewards. Draws 0 to complete_to - 1 are all there. '
    'Behind the view ogive.quantile_tables.';

CREATE TABLE ogive.candidate_reward_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    reward float8 NOT NULL,
    candidate_index integer NOT NULL,
    CONSTRAINT candidate_reward_rows_pkey PRIMARY KEY (scoring_id, prompt_id, candidate_index),
    CONSTRAINT candidate_reward_rows_finite CHECK (reward > '-Infinity' AND reward < 'Infinity')
) PARTITION BY LIST (scoring_id);
COMMENT ON TABLE ogive.candidate_reward_rows IS
    'The rewards of candidates, one partition a scoring.';

CREATE TABLE ogive.scoring_progress (
    scoring_id bigint NOT NULL,
    rewards bigint NOT NULL DEFAULT 0,
    reward_sum numeric NOT NULL DEFAULT 0,
    candidate_rewards bigint NOT NULL DEFAULT 0,
    draw_failures bigint NOT NULL DEFAULT 0,
    candidate_failures bigint NOT NULL DEFAULT 0,
    CONSTRAINT scoring_progress_pkey PRIMARY KEY (scoring_id),
    CONSTRAINT scoring_progress_scoring_fkey FOREIGN KEY (scoring_id)
        REFERENCES ogive.scorings (id) ON DELETE CASCADE,
    CONSTRAINT scoring_progress_counts CHECK (
        rewards >= 0 AND candidate_rewards >= 0 AND draw_failures >= 0
        AND candidate_failures >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.scoring_progress IS
    'Counters of a scoring, updated once by each landing transaction. The sum is numeric because '
    'a sum of finite float8 may overflow.';

CREATE FUNCTION ogive.create_scoring_partitions(scoring_id bigint) RETURNS void
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
COMMENT ON FUNCTION ogive.create_scoring_partitions(bigint) IS
    'Makes the partitions that hold the rewards of a scoring.';

CREATE FUNCTION ogive.drop_scoring_partitions(scoring_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DROP TABLE ogive.%I', 'quantile_table_rows_' || scoring_id);
    EXECUTE format('DROP TABLE ogive.%I', 'candidate_reward_rows_' || scoring_id);
END
$$;
COMMENT ON FUNCTION ogive.drop_scoring_partitions(bigint) IS
    'Drops the partitions that hold the rewards of a scoring.';

GRANT SELECT, INSERT, UPDATE, DELETE ON ogive.scorings, ogive.scoring_progress TO ogive_writer;
GRANT SELECT, INSERT, UPDATE ON ogive.quantile_table_rows TO ogive_writer;
GRANT SELECT, INSERT ON ogive.candidate_reward_rows TO ogive_writer;
REVOKE ALL ON FUNCTION ogive.create_scoring_partitions(bigint),
    ogive.drop_scoring_partitions(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ogive.create_scoring_partitions(bigint),
    ogive.drop_scoring_partitions(bigint) TO ogive_writer;
