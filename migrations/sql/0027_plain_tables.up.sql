SET LOCAL ROLE ogive_owner;

-- A query that joins a partitioned table by a column of another one plans and locks all its
-- partitions: with thousands of samplings it takes seconds, and more locks than a server has. What
-- has a row for a prompt or a candidate becomes plain tables; the next migration does the rest, and
-- drops the former ones. In a database with more than about 500 samplings, raise
-- max_locks_per_transaction before these two: they lock each partition once.
ALTER TABLE ogive.quantile_table_rows SET SCHEMA ogive_internal;
ALTER TABLE ogive.candidate_reward_rows SET SCHEMA ogive_internal;
ALTER TABLE ogive.reward_part_rows SET SCHEMA ogive_internal;
ALTER TABLE ogive.candidate_log_probability_rows SET SCHEMA ogive_internal;

CREATE TABLE ogive.quantile_table_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    n integer NOT NULL,
    complete_to integer NOT NULL,
    updated_at timestamptz NOT NULL,
    draw_indexes integer[] NOT NULL,
    draw_rewards float8[] NOT NULL,
    rewards float8[] NOT NULL,
    tail_indexes integer[],
    tail_rewards float8[],
    tail_sorted float8[],
    CONSTRAINT quantile_table_rows_pkey PRIMARY KEY (scoring_id, prompt_id),
    CONSTRAINT quantile_table_rows_lengths CHECK (
        cardinality(draw_indexes) > 0
        AND cardinality(draw_rewards) = cardinality(draw_indexes)
        AND cardinality(rewards) = cardinality(draw_indexes)
        AND n = cardinality(draw_indexes) + coalesce(cardinality(tail_indexes), 0)),
    CONSTRAINT quantile_table_rows_tail CHECK (
        num_nulls(tail_indexes, tail_rewards, tail_sorted) = 3
        OR num_nulls(tail_indexes, tail_rewards, tail_sorted) = 0
            AND cardinality(tail_indexes) > 0
            AND cardinality(tail_rewards) = cardinality(tail_indexes)
            AND cardinality(tail_sorted) = cardinality(tail_indexes)
            AND array_position(tail_indexes, NULL) IS NULL
            AND array_position(tail_rewards, NULL) IS NULL
            AND array_position(tail_sorted, NULL) IS NULL),
    CONSTRAINT quantile_table_rows_complete_to CHECK (
        complete_to BETWEEN 0 AND n
        AND (complete_to = 0 OR tail_indexes IS NOT NULL
            OR draw_indexes[complete_to] = complete_to - 1)),
    -- NaN sorts above infinity, so this refuses all three.
    CONSTRAINT quantile_table_rows_finite CHECK (
        '-Infinity' < ALL (draw_rewards) AND 'Infinity' > ALL (draw_rewards)
        AND '-Infinity' < ALL (rewards) AND 'Infinity' > ALL (rewards)
        AND '-Infinity' < ALL (tail_rewards) AND 'Infinity' > ALL (tail_rewards)
        AND '-Infinity' < ALL (tail_sorted) AND 'Infinity' > ALL (tail_sorted)),
    CONSTRAINT quantile_table_rows_no_nulls CHECK (
        array_position(draw_indexes, NULL) IS NULL
        AND array_position(draw_rewards, NULL) IS NULL AND array_position(rewards, NULL) IS NULL)
);
COMMENT ON TABLE ogive.quantile_table_rows IS
    'The rewards of a prompt''s draws: by ascending draw index in draw_indexes and draw_rewards, '
    'sorted in rewards. While a table grows, its latest draws are in the tail, in the same three '
    'forms, so that a batch of a few does not rewrite all; n and complete_to count them too. Draws '
    '0 to complete_to - 1 are all there. Behind the view ogive.quantile_tables.';

CREATE TABLE ogive.candidate_reward_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    reward float8 NOT NULL,
    candidate_index integer NOT NULL,
    CONSTRAINT candidate_reward_rows_pkey PRIMARY KEY (scoring_id, prompt_id, candidate_index),
    CONSTRAINT candidate_reward_rows_finite CHECK (reward > '-Infinity' AND reward < 'Infinity')
);
COMMENT ON TABLE ogive.candidate_reward_rows IS 'The rewards of candidates.';

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
);
COMMENT ON TABLE ogive.reward_part_rows IS
    'The raw rewards of the parts of a weighted scorer, in the order of its specification, one row '
    'for each rewarded item. Behind the view ogive.reward_parts.';

CREATE TABLE ogive.candidate_log_probability_rows (
    sampling_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    log_probability float8,
    landed_at timestamptz NOT NULL,
    candidate_index integer NOT NULL,
    token_count integer,
    attempts integer,
    worker uuid NOT NULL,
    code text,
    message text,
    token_ids integer[],
    token_log_probabilities real[],
    CONSTRAINT candidate_log_probability_rows_pkey
        PRIMARY KEY (sampling_id, prompt_id, candidate_index),
    CONSTRAINT candidate_log_probability_rows_outcome CHECK (
        CASE WHEN code IS NULL THEN log_probability IS NOT NULL AND token_count >= 0
        ELSE log_probability IS NULL AND message IS NOT NULL AND attempts >= 0 END),
    CONSTRAINT candidate_log_probability_rows_tokens
        CHECK (cardinality(token_ids) = cardinality(token_log_probabilities)),
    -- NaN sorts above infinity, so this refuses all three.
    CONSTRAINT candidate_log_probability_rows_finite CHECK (
        log_probability > '-Infinity' AND log_probability < 'Infinity'
        AND '-Infinity' < ALL (token_log_probabilities)
        AND 'Infinity' > ALL (token_log_probabilities))
);
COMMENT ON TABLE ogive.candidate_log_probability_rows IS
    'What the policy said of candidates: the log-probability, or why there is none (code, message, '
    'attempts). The first outcome stays; a failure until a person asks for a retry. Behind '
    'ogive.candidates and ogive.failures.';

INSERT INTO ogive.quantile_table_rows SELECT * FROM ogive_internal.quantile_table_rows;
INSERT INTO ogive.candidate_reward_rows SELECT * FROM ogive_internal.candidate_reward_rows;
INSERT INTO ogive.reward_part_rows SELECT * FROM ogive_internal.reward_part_rows;
INSERT INTO ogive.candidate_log_probability_rows
    SELECT * FROM ogive_internal.candidate_log_probability_rows;

GRANT SELECT, INSERT, UPDATE ON ogive.quantile_table_rows TO ogive_writer;
GRANT SELECT, INSERT ON ogive.candidate_reward_rows, ogive.reward_part_rows TO ogive_writer;
GRANT SELECT, INSERT, DELETE ON ogive.candidate_log_probability_rows TO ogive_writer;

DROP FUNCTION ogive_internal.create_scoring_partitions(bigint);
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
    EXECUTE format(
        'ALTER TABLE ogive.completion_rows ATTACH PARTITION ogive.%I FOR VALUES IN (%s)',
        partition_name, sampling_id);
    EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', partition_name,
        'Of sampling ' || sampling_id || ': see ogive.completion_rows.');
END
$$;
COMMENT ON FUNCTION ogive_internal.create_sampling_partition(bigint) IS
    'Makes the partition that holds the completions of a sampling.';
