-- The roles, the two schemas and all tables, with what belongs to tables: indexes, constraints,
-- triggers and rights. Functions and views stand in `functions` and `views`, one file each.
--
-- From the first release on this file does not change: changes of tables go into files with higher
-- numbers.

-- Roles.

-- Roles are cluster-wide: another database of the cluster may have made them, perhaps just now.
DO $roles$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['ogive_owner', 'ogive_writer', 'ogive_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                RAISE DEBUG 'role % was made by another session', role_name;
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, 'ogive_owner', 'MEMBER') THEN
        EXECUTE format('GRANT ogive_owner TO %I', current_user);
    END IF;
    IF NOT pg_has_role(current_user, 'ogive_writer', 'MEMBER') THEN
        EXECUTE format('GRANT ogive_writer TO %I', current_user);
    END IF;
    -- Landing and import stage their rows in temporary tables, which hardened databases forbid.
    BEGIN
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO ogive_writer', current_database());
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'ask the owner of database % to GRANT TEMPORARY on it to ogive_writer',
            current_database();
    END;
END
$roles$;

-- Schemas.

CREATE SCHEMA ogive AUTHORIZATION ogive_owner;
-- What only the program uses: out of sight of \df ogive.*, and out of reach of readers.
CREATE SCHEMA ogive_internal AUTHORIZATION ogive_owner;

SET LOCAL ROLE ogive_owner;

COMMENT ON SCHEMA ogive IS
    'Rewards of reference completions, one distribution a prompt. The views and functions are the '
    'stable contract; the tables behind them may change.';
COMMENT ON SCHEMA ogive_internal IS
    'What the program calls to keep the tables of the schema ogive. Nothing here is for users.';

REVOKE ALL ON SCHEMA ogive, ogive_internal FROM PUBLIC;
GRANT USAGE ON SCHEMA ogive TO ogive_writer, ogive_reader;
GRANT USAGE ON SCHEMA ogive_internal TO ogive_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE ogive_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The functions of all triggers below.
\ir ../functions/internal/refuse_change.sql
\ir ../functions/internal/require_prompt_sets.sql
\ir ../functions/internal/keep_prompt_set.sql

-- The schema itself: what the migrator applied.

CREATE TABLE ogive.migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamptz NOT NULL,
    sha256 bytea NOT NULL,
    CONSTRAINT migrations_pkey PRIMARY KEY (number),
    CONSTRAINT migrations_number_positive CHECK (number > 0),
    CONSTRAINT migrations_sha256_length CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE ogive.migrations IS
    'The files of migrations/tables that are in force in this database.';
COMMENT ON COLUMN ogive.migrations.number IS 'Number of the file: the version of the tables.';
COMMENT ON COLUMN ogive.migrations.name IS 'Rest of the name of the file.';
COMMENT ON COLUMN ogive.migrations.applied_at IS 'When it was applied.';
COMMENT ON COLUMN ogive.migrations.sha256 IS
    'SHA-256 of the file: one that has been applied must not change.';
GRANT SELECT ON ogive.migrations TO ogive_writer, ogive_reader;

CREATE TABLE ogive_internal.object_files (
    path text NOT NULL,
    sha256 bytea NOT NULL,
    objects text[] NOT NULL,
    program text NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT object_files_pkey PRIMARY KEY (path),
    CONSTRAINT object_files_sha256_length CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE ogive_internal.object_files IS
    'The files of migrations/functions and migrations/views that are in force in this database.';
COMMENT ON COLUMN ogive_internal.object_files.path IS 'Path below migrations.';
COMMENT ON COLUMN ogive_internal.object_files.sha256 IS 'SHA-256 of the file.';
COMMENT ON COLUMN ogive_internal.object_files.objects IS
    'What it defines: functions as name(types), views as name. What no file defines any more is '
    'dropped; what a user made is not among them.';
COMMENT ON COLUMN ogive_internal.object_files.program IS
    'Version of the program that applied it: an older one does not take it back.';
COMMENT ON COLUMN ogive_internal.object_files.applied_at IS 'When this version was applied.';
GRANT SELECT ON ogive_internal.object_files TO ogive_writer;

-- Prompts and candidates: what was imported.

CREATE TABLE ogive.prompt_sets (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    prompts bigint NOT NULL DEFAULT 0,
    candidates bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CONSTRAINT prompt_sets_pkey PRIMARY KEY (id),
    CONSTRAINT prompt_sets_name_key UNIQUE (name),
    CONSTRAINT prompt_sets_name_length CHECK (octet_length(name) BETWEEN 1 AND 200),
    CONSTRAINT prompt_sets_counts CHECK (prompts >= 0 AND candidates >= 0)
);
COMMENT ON TABLE ogive.prompt_sets IS
    'Imported prompt files. The counts are kept by the import that adds rows.';
COMMENT ON COLUMN ogive.prompt_sets.id IS 'Number of the prompt set.';
COMMENT ON COLUMN ogive.prompt_sets.name IS 'Name that the import gave it.';
COMMENT ON COLUMN ogive.prompt_sets.prompts IS 'Number of its prompts.';
COMMENT ON COLUMN ogive.prompt_sets.candidates IS 'Number of candidates of all its prompts.';
COMMENT ON COLUMN ogive.prompt_sets.created_at IS 'When its first prompt was imported.';

CREATE TABLE ogive.prompt_rows (
    id bigint GENERATED ALWAYS AS IDENTITY,
    prompt_set_id bigint NOT NULL,
    candidate_count integer NOT NULL DEFAULT 0,
    key text NOT NULL,
    content_sha256 bytea NOT NULL,
    content jsonb NOT NULL,
    metadata jsonb NOT NULL,
    CONSTRAINT prompt_rows_pkey PRIMARY KEY (id),
    CONSTRAINT prompt_rows_set_key_key UNIQUE (prompt_set_id, key),
    CONSTRAINT prompt_rows_key_length CHECK (octet_length(key) BETWEEN 1 AND 1000),
    CONSTRAINT prompt_rows_sha256_length
        CHECK (octet_length(content_sha256) = 32),
    CONSTRAINT prompt_rows_content_shape CHECK (content ? 'messages' OR content ? 'text'),
    CONSTRAINT prompt_rows_metadata_object CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT prompt_rows_candidate_count CHECK (candidate_count >= 0)
);
COMMENT ON TABLE ogive.prompt_rows IS
    'Prompts, with ids ascending in the order of import. Behind the view ogive.prompts.';
COMMENT ON COLUMN ogive.prompt_rows.id IS 'Number of the prompt, ascending in import order.';
COMMENT ON COLUMN ogive.prompt_rows.prompt_set_id IS 'Number of its prompt set.';
COMMENT ON COLUMN ogive.prompt_rows.candidate_count IS 'Number of its candidates.';
COMMENT ON COLUMN ogive.prompt_rows.key IS 'Name of the prompt, unique within its set.';
COMMENT ON COLUMN ogive.prompt_rows.content_sha256 IS
    'SHA-256 of the content, by which an import recognises a prompt that it has already.';
COMMENT ON COLUMN ogive.prompt_rows.content IS
    '{"messages": [{"role", "content"}]} for a chat, {"text"} for a plain text.';
COMMENT ON COLUMN ogive.prompt_rows.metadata IS 'The other fields of the imported row.';
-- Pending work is paged through a set by ascending id. As an expression, id + 0 leaves the planner
-- no other index: the primary key would take it through the prompts of all other sets.
CREATE UNIQUE INDEX prompt_rows_paging ON ogive.prompt_rows (prompt_set_id, (id + 0));
-- In place of a foreign key, which looks for the set of every single row: that took a third of the
-- time of an import.
CREATE TRIGGER prompt_rows_have_sets AFTER INSERT ON ogive.prompt_rows
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ogive_internal.require_prompt_sets();
CREATE TRIGGER prompt_rows_keep_sets AFTER UPDATE ON ogive.prompt_rows
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ogive_internal.require_prompt_sets();
CREATE TRIGGER prompt_sets_stay BEFORE DELETE ON ogive.prompt_sets
    FOR EACH ROW EXECUTE FUNCTION ogive_internal.keep_prompt_set();
CREATE TRIGGER prompt_sets_keep_numbers BEFORE UPDATE ON ogive.prompt_sets
    FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION ogive_internal.keep_prompt_set();

CREATE TABLE ogive.candidate_rows (
    prompt_id bigint NOT NULL,
    candidate_index integer NOT NULL,
    label text NOT NULL,
    text text NOT NULL,
    metadata jsonb NOT NULL,
    CONSTRAINT candidate_rows_pkey PRIMARY KEY (prompt_id, candidate_index),
    CONSTRAINT candidate_rows_prompt_fkey FOREIGN KEY (prompt_id)
        REFERENCES ogive.prompt_rows (id),
    CONSTRAINT candidate_rows_index CHECK (candidate_index >= 0),
    CONSTRAINT candidate_rows_metadata_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE ogive.candidate_rows IS
    'Completions that came with a prompt: scored, never sampled. Behind the view ogive.candidates.';
COMMENT ON COLUMN ogive.candidate_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidate_rows.candidate_index IS
    'Index of the candidate within its prompt, from 0.';
COMMENT ON COLUMN ogive.candidate_rows.label IS 'chosen, rejected, or any label of the file.';
COMMENT ON COLUMN ogive.candidate_rows.text IS 'The completion.';
COMMENT ON COLUMN ogive.candidate_rows.metadata IS
    'What the file said of it, for example a reward.';

-- A prompt may come with several pairs: each row of a file with a chosen and a rejected completion
-- is one. The two of a pair are named by their indexes, so that a completion that is in several
-- pairs is scored once.
CREATE TABLE ogive.candidate_pair_rows (
    prompt_id bigint NOT NULL,
    pair_index integer NOT NULL,
    chosen_index integer NOT NULL,
    rejected_index integer NOT NULL,
    CONSTRAINT candidate_pair_rows_pkey PRIMARY KEY (prompt_id, pair_index),
    CONSTRAINT candidate_pair_rows_key UNIQUE (prompt_id, chosen_index, rejected_index),
    CONSTRAINT candidate_pair_rows_chosen_fkey FOREIGN KEY (prompt_id, chosen_index)
        REFERENCES ogive.candidate_rows (prompt_id, candidate_index) ON DELETE CASCADE,
    CONSTRAINT candidate_pair_rows_rejected_fkey FOREIGN KEY (prompt_id, rejected_index)
        REFERENCES ogive.candidate_rows (prompt_id, candidate_index) ON DELETE CASCADE,
    CONSTRAINT candidate_pair_rows_index CHECK (pair_index >= 0)
);
COMMENT ON TABLE ogive.candidate_pair_rows IS
    'Which candidates came as chosen and rejected in one row of a file. Behind the view '
    'ogive.candidate_pairs.';
COMMENT ON COLUMN ogive.candidate_pair_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidate_pair_rows.pair_index IS
    'Index of the pair within its prompt, from 0, in the order of import.';
COMMENT ON COLUMN ogive.candidate_pair_rows.chosen_index IS 'Index of the chosen candidate.';
COMMENT ON COLUMN ogive.candidate_pair_rows.rejected_index IS 'Index of the rejected candidate.';

GRANT SELECT, INSERT ON ogive.prompt_sets, ogive.prompt_rows, ogive.candidate_rows,
    ogive.candidate_pair_rows TO ogive_writer;
GRANT UPDATE (prompts, candidates) ON ogive.prompt_sets TO ogive_writer;
GRANT UPDATE (candidate_count) ON ogive.prompt_rows TO ogive_writer;

-- Samplings: completions of one policy.

CREATE TABLE ogive.samplings (
    id bigint GENERATED ALWAYS AS IDENTITY,
    prompt_set_id bigint NOT NULL,
    spec_sha256 bytea NOT NULL,
    spec jsonb NOT NULL,
    policy_fingerprint jsonb,
    created_at timestamptz NOT NULL,
    draws_max integer NOT NULL DEFAULT 0,
    parent_sha256 bytea,
    CONSTRAINT samplings_pkey PRIMARY KEY (id),
    CONSTRAINT samplings_spec_sha256_key UNIQUE (spec_sha256),
    CONSTRAINT samplings_set_fkey FOREIGN KEY (prompt_set_id) REFERENCES ogive.prompt_sets (id),
    CONSTRAINT samplings_sha256_length CHECK (octet_length(spec_sha256) = 32),
    CONSTRAINT samplings_parent CHECK (
        octet_length(parent_sha256) = 32 AND parent_sha256 <> spec_sha256),
    CONSTRAINT samplings_spec_object CHECK (jsonb_typeof(spec) = 'object'),
    CONSTRAINT samplings_draws_max CHECK (draws_max >= 0)
);
COMMENT ON TABLE ogive.samplings IS
    'Prompt set × reference policy × sampling parameters, identified by the SHA-256 of the '
    'canonical specification. Owns completions of one policy fingerprint.';
COMMENT ON COLUMN ogive.samplings.id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.samplings.prompt_set_id IS 'Number of the prompt set.';
COMMENT ON COLUMN ogive.samplings.spec_sha256 IS 'SHA-256 of the canonical specification.';
COMMENT ON COLUMN ogive.samplings.spec IS
    'The specification: prompt set, policy, sampling parameters.';
COMMENT ON COLUMN ogive.samplings.policy_fingerprint IS
    'What the policy''s server said of itself when the first draws were leased; NULL until then.';
COMMENT ON COLUMN ogive.samplings.created_at IS 'When a run first asked for it.';
COMMENT ON COLUMN ogive.samplings.draws_max IS
    'The most draws of a prompt that any run ever asked for, dropped runs among them: no draw has '
    'a higher index.';
COMMENT ON COLUMN ogive.samplings.parent_sha256 IS
    'spec_sha256 of the sampling of the reference version before; that may have been dropped. NULL '
    'without one.';
CREATE TRIGGER samplings_stay BEFORE UPDATE ON ogive.samplings
    FOR EACH ROW WHEN (NEW.draws_max < OLD.draws_max OR OLD.policy_fingerprint IS NOT NULL
        AND NEW.policy_fingerprint IS DISTINCT FROM OLD.policy_fingerprint
        OR OLD.parent_sha256 IS NOT NULL
        AND NEW.parent_sha256 IS DISTINCT FROM OLD.parent_sha256)
    EXECUTE FUNCTION ogive_internal.refuse_change('a sampling keeps its policy fingerprint, its '
        'parent and the most draws that were asked for');
CREATE INDEX samplings_parent_sha256 ON ogive.samplings (parent_sha256);

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
    token_ids integer[],
    token_log_probabilities real[],
    prompt_tokens integer,
    CONSTRAINT completion_rows_pkey PRIMARY KEY (sampling_id, prompt_id, draw_index),
    CONSTRAINT completion_rows_draw_index CHECK (draw_index >= 0),
    CONSTRAINT completion_rows_token_count CHECK (token_count >= 0),
    CONSTRAINT completion_rows_finish_reason CHECK (finish_reason IN ('stop', 'length', 'other')),
    -- NaN sorts above infinity, so this refuses all three.
    CONSTRAINT completion_rows_log_probability_finite
        CHECK (log_probability > '-Infinity' AND log_probability < 'Infinity'),
    CONSTRAINT completion_rows_tokens
        CHECK (cardinality(token_ids) = cardinality(token_log_probabilities)),
    CONSTRAINT completion_rows_tokens_finite CHECK (
        '-Infinity' < ALL (token_log_probabilities)
        AND 'Infinity' > ALL (token_log_probabilities)),
    CONSTRAINT completion_rows_prompt_tokens CHECK (prompt_tokens >= 0)
) PARTITION BY LIST (sampling_id);
COMMENT ON TABLE ogive.completion_rows IS
    'Reference completions, one partition a sampling; a committed row never changes. PostgreSQL '
    'text cannot hold U+0000: then text has U+FFFD in its place and raw the exact bytes.';
COMMENT ON COLUMN ogive.completion_rows.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.completion_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.completion_rows.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL when not asked for.';
COMMENT ON COLUMN ogive.completion_rows.seed IS
    'The seed that was sent for it; NULL where the server takes none.';
COMMENT ON COLUMN ogive.completion_rows.landed_at IS 'When it was committed.';
COMMENT ON COLUMN ogive.completion_rows.draw_index IS 'Index of the draw, from 0.';
COMMENT ON COLUMN ogive.completion_rows.token_count IS
    'Number of tokens, the end token included; NULL when the server did not report it.';
COMMENT ON COLUMN ogive.completion_rows.sample_ms IS
    'Time of the request that made it, in milliseconds.';
COMMENT ON COLUMN ogive.completion_rows.worker IS 'The worker incarnation that made it.';
COMMENT ON COLUMN ogive.completion_rows.finish_reason IS
    'stop, length (max_tokens cut it off) or other.';
COMMENT ON COLUMN ogive.completion_rows.text IS
    'The completion as sampled, with U+FFFD for U+0000.';
COMMENT ON COLUMN ogive.completion_rows.raw IS
    'The exact UTF-8 bytes where the text holds U+0000, else NULL.';
COMMENT ON COLUMN ogive.completion_rows.token_ids IS
    'The sampled tokens, the end token included; NULL unless asked for.';
COMMENT ON COLUMN ogive.completion_rows.token_log_probabilities IS
    'Their log-probabilities in nats, in the same order; NULL unless asked for.';
COMMENT ON COLUMN ogive.completion_rows.prompt_tokens IS
    'Tokens of the prompt that the request was charged with; NULL when the server did not report '
    'it, and for all but one draw of a request.';
-- Texts of more than about 2 kB are compressed. With pglz, the default, that is half of what a
-- landing of long texts takes; lz4 is several times as fast, writing and reading. A server that
-- was built without it keeps the default.
DO $compression$
BEGIN
    ALTER TABLE ogive.completion_rows ALTER COLUMN text SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this server has no lz4: texts are compressed with pglz';
END
$compression$;

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
COMMENT ON COLUMN ogive.candidate_log_probability_rows.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL for a failure.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.landed_at IS 'When it was committed.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.candidate_index IS
    'Index of the candidate, from 0.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.token_count IS
    'Number of its tokens under the policy, the end token included; NULL for a failure.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.attempts IS
    'How often it was tried; NULL unless it failed.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.worker IS
    'The worker incarnation that asked or gave up.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.code IS
    'Kind of failure, for example timeout; NULL unless it failed.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.message IS
    'The failure in words; NULL unless it failed.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.token_ids IS
    'Its tokens; NULL unless asked for.';
COMMENT ON COLUMN ogive.candidate_log_probability_rows.token_log_probabilities IS
    'Their log-probabilities in nats, in the same order; NULL unless asked for.';
CREATE TRIGGER candidate_log_probability_rows_stay
    BEFORE DELETE ON ogive.candidate_log_probability_rows
    FOR EACH ROW WHEN (OLD.code IS NULL)
    EXECUTE FUNCTION ogive_internal.refuse_change('a log-probability stays; only failures go');

-- One row that every landing updates: room on its page keeps the updates on it.
CREATE TABLE ogive.sampling_progress (
    sampling_id bigint NOT NULL,
    draws bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    truncated bigint NOT NULL DEFAULT 0,
    candidate_log_probabilities bigint NOT NULL DEFAULT 0,
    candidate_log_probability_failures bigint NOT NULL DEFAULT 0,
    CONSTRAINT sampling_progress_pkey PRIMARY KEY (sampling_id),
    CONSTRAINT sampling_progress_sampling_fkey FOREIGN KEY (sampling_id)
        REFERENCES ogive.samplings (id) ON DELETE CASCADE,
    CONSTRAINT sampling_progress_counts CHECK (draws >= 0 AND tokens >= 0 AND truncated >= 0),
    CONSTRAINT sampling_progress_candidate_counts CHECK (
        candidate_log_probabilities >= 0 AND candidate_log_probability_failures >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.sampling_progress IS
    'Counters of a sampling, updated once by each landing transaction.';
COMMENT ON COLUMN ogive.sampling_progress.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.sampling_progress.draws IS 'Number of its completions.';
COMMENT ON COLUMN ogive.sampling_progress.tokens IS 'Tokens of its completions, where known.';
COMMENT ON COLUMN ogive.sampling_progress.truncated IS 'Completions that max_tokens cut off.';
COMMENT ON COLUMN ogive.sampling_progress.candidate_log_probabilities IS
    'Candidates with a log-probability.';
COMMENT ON COLUMN ogive.sampling_progress.candidate_log_probability_failures IS
    'Candidates whose log-probability was given up.';

-- The writer changes the columns that its work changes, and no others: what draws and rewards hang
-- on stays as it was. It deletes no draws and no rewards: `ogive drop` does that, as the owner.
GRANT SELECT, INSERT ON ogive.samplings, ogive.completion_rows TO ogive_writer;
GRANT UPDATE (policy_fingerprint, draws_max, parent_sha256) ON ogive.samplings TO ogive_writer;
GRANT SELECT, INSERT, DELETE ON ogive.candidate_log_probability_rows TO ogive_writer;
GRANT SELECT, INSERT, UPDATE ON ogive.sampling_progress TO ogive_writer;

-- Scorings: rewards of one scorer.

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
COMMENT ON COLUMN ogive.scorings.id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.scorings.sampling_id IS
    'Number of the sampling whose completions it scores.';
COMMENT ON COLUMN ogive.scorings.spec_sha256 IS 'SHA-256 of the canonical specification.';
COMMENT ON COLUMN ogive.scorings.spec IS 'The specification: the sampling''s, and the scorer.';
COMMENT ON COLUMN ogive.scorings.scorer_fingerprint IS
    'What the scorer said of itself when the first work was leased; NULL until then.';
COMMENT ON COLUMN ogive.scorings.created_at IS 'When a run first asked for it.';
CREATE INDEX scorings_sampling ON ogive.scorings (sampling_id);
CREATE TRIGGER scorings_stay BEFORE UPDATE ON ogive.scorings
    FOR EACH ROW WHEN (OLD.scorer_fingerprint IS NOT NULL
        AND NEW.scorer_fingerprint IS DISTINCT FROM OLD.scorer_fingerprint)
    EXECUTE FUNCTION ogive_internal.refuse_change('a scoring keeps its scorer fingerprint');

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
    -- Score.magnitudeMax. NaN sorts above infinity, so this refuses both infinities and NaN.
    CONSTRAINT quantile_table_rows_possible CHECK (
        '-1e140' <= ALL (draw_rewards) AND '1e140' >= ALL (draw_rewards)
        AND '-1e140' <= ALL (rewards) AND '1e140' >= ALL (rewards)
        AND '-1e140' <= ALL (tail_rewards) AND '1e140' >= ALL (tail_rewards)
        AND '-1e140' <= ALL (tail_sorted) AND '1e140' >= ALL (tail_sorted)),
    CONSTRAINT quantile_table_rows_no_nulls CHECK (
        array_position(draw_indexes, NULL) IS NULL
        AND array_position(draw_rewards, NULL) IS NULL AND array_position(rewards, NULL) IS NULL)
);
COMMENT ON TABLE ogive.quantile_table_rows IS
    'The rewards of a prompt''s draws: by ascending draw index in draw_indexes and draw_rewards, '
    'sorted in rewards. While a table grows, its latest draws are in the tail, in the same three '
    'forms, so that a batch of a few does not rewrite all; n and complete_to count them too. Draws '
    '0 to complete_to - 1 are all there. Behind the view ogive.quantile_tables.';
COMMENT ON COLUMN ogive.quantile_table_rows.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.quantile_table_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.quantile_table_rows.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive.quantile_table_rows.complete_to IS
    'Draws 0 to this number - 1 are all there.';
COMMENT ON COLUMN ogive.quantile_table_rows.updated_at IS 'When a reward last landed.';
COMMENT ON COLUMN ogive.quantile_table_rows.draw_indexes IS
    'Indexes of the draws outside of the tail, ascending.';
COMMENT ON COLUMN ogive.quantile_table_rows.draw_rewards IS
    'Their raw rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive.quantile_table_rows.rewards IS 'Their raw rewards, sorted ascending.';
COMMENT ON COLUMN ogive.quantile_table_rows.tail_indexes IS
    'Indexes of the draws in the tail, ascending; NULL without a tail.';
COMMENT ON COLUMN ogive.quantile_table_rows.tail_rewards IS
    'Their raw rewards in the order of tail_indexes; NULL without a tail.';
COMMENT ON COLUMN ogive.quantile_table_rows.tail_sorted IS
    'Their raw rewards, sorted ascending; NULL without a tail.';
CREATE TRIGGER quantile_table_rows_grow BEFORE UPDATE ON ogive.quantile_table_rows
    FOR EACH ROW WHEN (NEW.n < OLD.n OR NEW.complete_to < OLD.complete_to
        OR NEW.prompt_id <> OLD.prompt_id OR NEW.scoring_id <> OLD.scoring_id)
    EXECUTE FUNCTION ogive_internal.refuse_change('a table of rewards only grows');

CREATE TABLE ogive.candidate_reward_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    reward float8 NOT NULL,
    candidate_index integer NOT NULL,
    CONSTRAINT candidate_reward_rows_pkey PRIMARY KEY (scoring_id, prompt_id, candidate_index),
    CONSTRAINT candidate_reward_rows_possible CHECK (reward BETWEEN '-1e140' AND '1e140')
);
COMMENT ON TABLE ogive.candidate_reward_rows IS
    'The rewards of candidates. Behind the view ogive.candidate_rewards.';
COMMENT ON COLUMN ogive.candidate_reward_rows.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.candidate_reward_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidate_reward_rows.reward IS 'Raw reward.';
COMMENT ON COLUMN ogive.candidate_reward_rows.candidate_index IS 'Index of the candidate, from 0.';

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
    -- Score.magnitudeMax. NaN sorts above infinity, so this refuses both infinities and NaN.
    CONSTRAINT reward_part_rows_possible CHECK (
        '-1e140' <= ALL (parts) AND '1e140' >= ALL (parts))
);
COMMENT ON TABLE ogive.reward_part_rows IS
    'The raw rewards of the parts of a weighted scorer, in the order of its specification, one row '
    'for each rewarded item. Behind the view ogive.reward_parts.';
COMMENT ON COLUMN ogive.reward_part_rows.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.reward_part_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.reward_part_rows.item_index IS 'Index within its kind, from 0.';
COMMENT ON COLUMN ogive.reward_part_rows.item_kind IS 'draw or candidate.';
COMMENT ON COLUMN ogive.reward_part_rows.parts IS 'Raw reward of each part.';

CREATE TABLE ogive.failure_rows (
    scoring_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    item_index integer NOT NULL,
    attempts integer NOT NULL,
    failed_at timestamptz NOT NULL,
    worker uuid NOT NULL,
    item_kind text NOT NULL,
    stage text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    CONSTRAINT failure_rows_pkey PRIMARY KEY (scoring_id, prompt_id, item_kind, item_index),
    CONSTRAINT failure_rows_scoring_fkey FOREIGN KEY (scoring_id)
        REFERENCES ogive.scorings (id) ON DELETE CASCADE,
    CONSTRAINT failure_rows_item_kind CHECK (item_kind IN ('draw', 'candidate')),
    CONSTRAINT failure_rows_item_index CHECK (item_index >= 0),
    CONSTRAINT failure_rows_stage CHECK (stage IN ('sampling', 'scoring')),
    CONSTRAINT failure_rows_attempts CHECK (attempts >= 0)
);
COMMENT ON TABLE ogive.failure_rows IS
    'One row for each item without a reward that is not tried again: why it is missing. An error '
    'is never a score. Behind the view ogive.failures.';
COMMENT ON COLUMN ogive.failure_rows.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.failure_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.failure_rows.item_index IS 'Index within its kind, from 0.';
COMMENT ON COLUMN ogive.failure_rows.attempts IS 'How often it was tried.';
COMMENT ON COLUMN ogive.failure_rows.failed_at IS 'When the failure was committed.';
COMMENT ON COLUMN ogive.failure_rows.worker IS 'The worker incarnation that gave up.';
COMMENT ON COLUMN ogive.failure_rows.item_kind IS 'draw or candidate.';
COMMENT ON COLUMN ogive.failure_rows.stage IS
    'sampling: there is no completion. scoring: there is one, but no reward.';
COMMENT ON COLUMN ogive.failure_rows.code IS 'Kind of failure, for example timeout or malformed.';
COMMENT ON COLUMN ogive.failure_rows.message IS 'What is wrong, where, and what to do.';

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
    'Counters of a scoring, updated once by each landing transaction. The sum is numeric so '
    'that it does not depend on the order of landing.';
COMMENT ON COLUMN ogive.scoring_progress.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.scoring_progress.rewards IS 'Draws with a reward.';
COMMENT ON COLUMN ogive.scoring_progress.reward_sum IS 'Sum of the rewards of these draws.';
COMMENT ON COLUMN ogive.scoring_progress.candidate_rewards IS 'Candidates with a reward.';
COMMENT ON COLUMN ogive.scoring_progress.draw_failures IS 'Draws that were given up.';
COMMENT ON COLUMN ogive.scoring_progress.candidate_failures IS
    'Candidates whose reward was given up.';

GRANT SELECT, INSERT ON ogive.scorings, ogive.candidate_reward_rows, ogive.reward_part_rows
    TO ogive_writer;
GRANT UPDATE (scorer_fingerprint) ON ogive.scorings TO ogive_writer;
GRANT SELECT, INSERT, UPDATE ON ogive.quantile_table_rows, ogive.scoring_progress
    TO ogive_writer;
GRANT SELECT, INSERT, DELETE ON ogive.failure_rows TO ogive_writer;

-- Runs: what users asked for.

CREATE TABLE ogive.runs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    sampling_id bigint NOT NULL,
    scoring_id bigint NOT NULL,
    weight float8 NOT NULL,
    submitted_at timestamptz NOT NULL,
    finished_at timestamptz,
    draws integer NOT NULL,
    scores_candidates boolean NOT NULL,
    state text NOT NULL,
    name text NOT NULL,
    spec jsonb NOT NULL,
    candidate_log_probabilities boolean NOT NULL DEFAULT false,
    samples boolean NOT NULL DEFAULT true,
    min_draws integer,
    raised_draws bigint NOT NULL DEFAULT 0,
    former_draws integer[] NOT NULL DEFAULT '{}',
    CONSTRAINT runs_pkey PRIMARY KEY (id),
    CONSTRAINT runs_name_key UNIQUE (name),
    CONSTRAINT runs_sampling_fkey FOREIGN KEY (sampling_id) REFERENCES ogive.samplings (id),
    CONSTRAINT runs_scoring_fkey FOREIGN KEY (scoring_id) REFERENCES ogive.scorings (id),
    CONSTRAINT runs_name_length CHECK (octet_length(name) BETWEEN 1 AND 200),
    CONSTRAINT runs_draws CHECK (draws BETWEEN 1 AND 1048576),
    CONSTRAINT runs_weight CHECK (weight > 0 AND weight < 'Infinity'),
    CONSTRAINT runs_state CHECK (state IN ('open', 'finished', 'budget', 'cancelled')),
    CONSTRAINT runs_finished_at CHECK ((state = 'finished') = (finished_at IS NOT NULL)),
    CONSTRAINT runs_min_draws CHECK (min_draws BETWEEN 1 AND draws),
    CONSTRAINT runs_raised_draws CHECK (
        raised_draws >= 0 AND (raised_draws = 0 OR min_draws IS NOT NULL))
);
COMMENT ON TABLE ogive.runs IS
    'What users submitted and named: a scoring and a target number of draws for each prompt. '
    'Behind the view ogive.run_status.';
COMMENT ON COLUMN ogive.runs.id IS 'Number of the run.';
COMMENT ON COLUMN ogive.runs.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.runs.scoring_id IS 'Number of the scoring.';
COMMENT ON COLUMN ogive.runs.weight IS 'Share of the fleet relative to other runs.';
COMMENT ON COLUMN ogive.runs.submitted_at IS 'When it was last submitted.';
COMMENT ON COLUMN ogive.runs.finished_at IS
    'When nothing was pending any more; NULL unless state is finished.';
COMMENT ON COLUMN ogive.runs.draws IS
    'Draws asked for, for each prompt; of an adaptive run the most.';
COMMENT ON COLUMN ogive.runs.scores_candidates IS 'Whether candidates are scored too.';
COMMENT ON COLUMN ogive.runs.state IS
    'open while something is pending; budget when it stopped because its budget is spent; '
    'cancelled; finished.';
COMMENT ON COLUMN ogive.runs.name IS 'Name of the run.';
COMMENT ON COLUMN ogive.runs.spec IS 'The specification as it was last submitted.';
COMMENT ON COLUMN ogive.runs.candidate_log_probabilities IS
    'Whether the policy is asked for the log-probabilities of candidates.';
COMMENT ON COLUMN ogive.runs.samples IS
    'Whether missing completions are sampled; else only those that are stored are scored.';
COMMENT ON COLUMN ogive.runs.min_draws IS
    'Draws of each prompt that an adaptive run asks for at first, draws being the most; NULL where '
    'each prompt gets draws.';
COMMENT ON COLUMN ogive.runs.raised_draws IS
    'Sum over ogive.prompt_target_rows of what is asked for beyond min_draws.';
COMMENT ON COLUMN ogive.runs.former_draws IS
    'Draws that it asked for of every prompt before it asked for more: a prompt that has the first '
    'so many, and no others, was not begun since.';
CREATE INDEX runs_scoring ON ogive.runs (scoring_id);
CREATE INDEX runs_sampling ON ogive.runs (sampling_id);

CREATE TABLE ogive.prompt_target_rows (
    run_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    draws integer NOT NULL,
    raises integer NOT NULL,
    CONSTRAINT prompt_target_rows_pkey PRIMARY KEY (run_id, prompt_id),
    CONSTRAINT prompt_target_rows_run_fkey FOREIGN KEY (run_id)
        REFERENCES ogive.runs (id) ON DELETE CASCADE,
    CONSTRAINT prompt_target_rows_draws CHECK (draws > 0),
    CONSTRAINT prompt_target_rows_raises CHECK (raises > 0)
);
COMMENT ON TABLE ogive.prompt_target_rows IS
    'Draws that an adaptive run asks for of a prompt, where they are more than its min_draws; '
    'raised only while nothing of the run is pending. Behind the view ogive.prompt_targets.';
COMMENT ON COLUMN ogive.prompt_target_rows.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.prompt_target_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.prompt_target_rows.draws IS 'Draws asked for so far.';
COMMENT ON COLUMN ogive.prompt_target_rows.raises IS 'How often the run went on to more draws.';

CREATE TABLE ogive.run_spending_rows (
    run_id bigint NOT NULL,
    draws bigint NOT NULL DEFAULT 0,
    policy_input bigint NOT NULL DEFAULT 0,
    policy_output bigint NOT NULL DEFAULT 0,
    scorer_input bigint NOT NULL DEFAULT 0,
    scorer_output bigint NOT NULL DEFAULT 0,
    CONSTRAINT run_spending_rows_pkey PRIMARY KEY (run_id),
    CONSTRAINT run_spending_rows_run_fkey FOREIGN KEY (run_id)
        REFERENCES ogive.runs (id) ON DELETE CASCADE,
    CONSTRAINT run_spending_rows_counts CHECK (draws >= 0 AND policy_input >= 0
        AND policy_output >= 0 AND scorer_input >= 0 AND scorer_output >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.run_spending_rows IS
    'Tokens that each run has spent, updated once by each landing transaction. Behind the view '
    'ogive.run_spending.';
COMMENT ON COLUMN ogive.run_spending_rows.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_spending_rows.draws IS 'Draws that landed for this run.';
COMMENT ON COLUMN ogive.run_spending_rows.policy_input IS
    'Tokens of prompts, once for each request.';
COMMENT ON COLUMN ogive.run_spending_rows.policy_output IS 'Tokens of completions.';
COMMENT ON COLUMN ogive.run_spending_rows.scorer_input IS 'Tokens that the scorer read.';
COMMENT ON COLUMN ogive.run_spending_rows.scorer_output IS 'Tokens that the scorer wrote.';

CREATE TABLE ogive.run_slot_time_rows (
    run_id bigint NOT NULL,
    stage text NOT NULL,
    waits_for text NOT NULL,
    milliseconds bigint NOT NULL,
    CONSTRAINT run_slot_time_rows_pkey PRIMARY KEY (run_id, stage, waits_for),
    CONSTRAINT run_slot_time_rows_run_fkey FOREIGN KEY (run_id)
        REFERENCES ogive.runs (id) ON DELETE CASCADE,
    CONSTRAINT run_slot_time_rows_stage CHECK (stage IN ('sample', 'score')),
    CONSTRAINT run_slot_time_rows_waits_for CHECK (
        waits_for IN ('policy', 'scorer', 'coordinator', 'nothing')),
    CONSTRAINT run_slot_time_rows_milliseconds CHECK (milliseconds >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE ogive.run_slot_time_rows IS
    'Time of the slots of workers while they served a run, by what the slots waited for. Behind '
    'the view ogive.run_slot_time.';
COMMENT ON COLUMN ogive.run_slot_time_rows.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_slot_time_rows.stage IS 'What the slots are for: sample or score.';
COMMENT ON COLUMN ogive.run_slot_time_rows.waits_for IS
    'policy, scorer, coordinator, or nothing: there was no work.';
COMMENT ON COLUMN ogive.run_slot_time_rows.milliseconds IS 'The time of all slots together.';

CREATE TABLE ogive.run_history_rows (
    run_id bigint NOT NULL,
    at timestamptz NOT NULL,
    draws bigint NOT NULL,
    failures bigint NOT NULL,
    tokens bigint NOT NULL,
    CONSTRAINT run_history_rows_pkey PRIMARY KEY (run_id, at),
    CONSTRAINT run_history_rows_run_fkey FOREIGN KEY (run_id)
        REFERENCES ogive.runs (id) ON DELETE CASCADE,
    CONSTRAINT run_history_rows_counts CHECK (draws >= 0 AND failures >= 0 AND tokens >= 0)
);
COMMENT ON TABLE ogive.run_history_rows IS
    'Counters of open runs over time, one row for each run and minute, thinned with age '
    '(ogive_internal.record_history). Behind the view ogive.run_history.';
COMMENT ON COLUMN ogive.run_history_rows.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_history_rows.at IS 'When the counters were read.';
COMMENT ON COLUMN ogive.run_history_rows.draws IS 'Draws that had landed for this run.';
COMMENT ON COLUMN ogive.run_history_rows.failures IS 'Draws of its scoring that were given up.';
COMMENT ON COLUMN ogive.run_history_rows.tokens IS
    'Tokens that policy and scorer had read and written for it.';

GRANT SELECT, INSERT, DELETE ON ogive.runs TO ogive_writer;
GRANT UPDATE (spec, draws, min_draws, raised_draws, former_draws, weight, samples,
    scores_candidates, candidate_log_probabilities, submitted_at, finished_at, state)
    ON ogive.runs TO ogive_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ogive.prompt_target_rows TO ogive_writer;
-- What a run spent goes with the run, and not before: its budget counts on it.
GRANT SELECT, INSERT, UPDATE ON ogive.run_spending_rows, ogive.run_slot_time_rows TO ogive_writer;
GRANT SELECT, INSERT, DELETE ON ogive.run_history_rows TO ogive_writer;

-- Snapshots: what a run held at a time.

-- Only ogive.make_snapshot writes these two tables, as their owner: no role that a program logs in
-- with may. No foreign key from the members: checking one would keep a million rows in memory.
CREATE TABLE ogive.snapshot_rows (
    id bigint GENERATED ALWAYS AS IDENTITY,
    run_id bigint NOT NULL,
    sampling_id bigint NOT NULL,
    scoring_id bigint NOT NULL,
    made_at timestamptz NOT NULL,
    is_complete boolean NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    manifest jsonb NOT NULL,
    CONSTRAINT snapshot_rows_pkey PRIMARY KEY (id),
    CONSTRAINT snapshot_rows_run_name_key UNIQUE (run_id, name),
    -- These keep what a snapshot needs from being dropped.
    CONSTRAINT snapshot_rows_run_fkey FOREIGN KEY (run_id) REFERENCES ogive.runs (id),
    CONSTRAINT snapshot_rows_sampling_fkey FOREIGN KEY (sampling_id)
        REFERENCES ogive.samplings (id),
    CONSTRAINT snapshot_rows_scoring_fkey FOREIGN KEY (scoring_id) REFERENCES ogive.scorings (id),
    CONSTRAINT snapshot_rows_name_length CHECK (octet_length(name) BETWEEN 1 AND 200),
    CONSTRAINT snapshot_rows_sha256_length CHECK (octet_length(sha256) = 32)
);
COMMENT ON TABLE ogive.snapshot_rows IS
    'Snapshots of runs: written once, never changed. Behind the view ogive.snapshots.';
COMMENT ON COLUMN ogive.snapshot_rows.id IS 'Number of the snapshot.';
COMMENT ON COLUMN ogive.snapshot_rows.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.snapshot_rows.sampling_id IS 'Number of the run''s sampling then.';
COMMENT ON COLUMN ogive.snapshot_rows.scoring_id IS 'Number of the run''s scoring then.';
COMMENT ON COLUMN ogive.snapshot_rows.made_at IS 'When it was made.';
COMMENT ON COLUMN ogive.snapshot_rows.is_complete IS 'Whether nothing of the run was pending then.';
COMMENT ON COLUMN ogive.snapshot_rows.name IS 'Name of the snapshot, unique within the run.';
COMMENT ON COLUMN ogive.snapshot_rows.sha256 IS 'Checksum of all it holds.';
COMMENT ON COLUMN ogive.snapshot_rows.manifest IS
    'What it is: specifications, fingerprints, counts, versions.';

CREATE TABLE ogive.snapshot_table_rows (
    snapshot_id bigint NOT NULL,
    prompt_id bigint NOT NULL,
    draws integer NOT NULL,
    sha256 bytea NOT NULL,
    draw_indexes integer[] NOT NULL,
    draw_rewards float8[] NOT NULL,
    rewards float8[] NOT NULL,
    unscored_indexes integer[] NOT NULL,
    candidate_indexes integer[] NOT NULL,
    candidate_rewards float8[] NOT NULL,
    candidate_log_probabilities float8[] NOT NULL,
    CONSTRAINT snapshot_table_rows_pkey PRIMARY KEY (snapshot_id, prompt_id),
    CONSTRAINT snapshot_table_rows_lengths CHECK (
        cardinality(draw_indexes) = cardinality(draw_rewards)
        AND cardinality(rewards) = cardinality(draw_rewards)
        AND cardinality(candidate_indexes) = cardinality(candidate_rewards)
        AND cardinality(candidate_log_probabilities) = cardinality(candidate_rewards))
);
COMMENT ON TABLE ogive.snapshot_table_rows IS
    'What a snapshot holds of each prompt: which draws and candidates, with which rewards. Their '
    'texts stay where they are: a committed completion never changes. Behind the view '
    'ogive.snapshot_tables.';
COMMENT ON COLUMN ogive.snapshot_table_rows.snapshot_id IS 'Number of the snapshot.';
COMMENT ON COLUMN ogive.snapshot_table_rows.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.snapshot_table_rows.draws IS
    'Number of draws that the run asked for, of this prompt.';
COMMENT ON COLUMN ogive.snapshot_table_rows.sha256 IS
    'Checksum of what it holds of this prompt (ogive.prompt_sha256).';
COMMENT ON COLUMN ogive.snapshot_table_rows.draw_indexes IS
    'Indexes of the draws with a reward, ascending.';
COMMENT ON COLUMN ogive.snapshot_table_rows.draw_rewards IS
    'Their raw rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive.snapshot_table_rows.rewards IS 'Their raw rewards, sorted ascending.';
COMMENT ON COLUMN ogive.snapshot_table_rows.unscored_indexes IS
    'Indexes of the draws with a completion and no reward, ascending.';
COMMENT ON COLUMN ogive.snapshot_table_rows.candidate_indexes IS
    'Indexes of the candidates with a reward, ascending.';
COMMENT ON COLUMN ogive.snapshot_table_rows.candidate_rewards IS
    'Their raw rewards in the order of candidate_indexes.';
COMMENT ON COLUMN ogive.snapshot_table_rows.candidate_log_probabilities IS
    'log pi_ref(y|x) in nats, in the order of candidate_indexes; NULL where there was none.';

GRANT SELECT ON ogive.snapshot_rows, ogive.snapshot_table_rows TO ogive_writer;

-- The coordinator and its workers.

CREATE TABLE ogive.terms (
    only_row boolean NOT NULL DEFAULT true,
    term bigint NOT NULL,
    CONSTRAINT terms_pkey PRIMARY KEY (only_row),
    CONSTRAINT terms_only_row CHECK (only_row),
    CONSTRAINT terms_term CHECK (term >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.terms IS
    'The fencing number of the coordinator that leads: one row. Every landing transaction locks '
    'and checks it, so a stale coordinator cannot write.';
COMMENT ON COLUMN ogive.terms.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN ogive.terms.term IS 'The fencing number; 0 before any coordinator led.';
INSERT INTO ogive.terms (term) VALUES (0);
CREATE TRIGGER terms_rise BEFORE UPDATE ON ogive.terms
    FOR EACH ROW WHEN (NEW.term IS DISTINCT FROM OLD.term + 1)
    EXECUTE FUNCTION ogive_internal.refuse_change('a term only rises, one at a time');

-- Apart from ogive.terms, whose row every landing locks: renewing must not wait for a landing.
CREATE TABLE ogive.leadership (
    only_row boolean NOT NULL DEFAULT true,
    term bigint NOT NULL,
    coordinator text,
    since timestamptz,
    renewed_at timestamptz,
    expires_at timestamptz,
    counts jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT leadership_pkey PRIMARY KEY (only_row),
    CONSTRAINT leadership_only_row CHECK (only_row),
    CONSTRAINT leadership_term CHECK (term >= 0),
    CONSTRAINT leadership_held CHECK (
        num_nulls(coordinator, since, renewed_at, expires_at) IN (0, 4)),
    CONSTRAINT leadership_counts CHECK (jsonb_typeof(counts) = 'object')
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.leadership IS
    'Which coordinator leads, until when by the clock of the database, and what it counts: one '
    'row. Behind the view ogive.coordinator_status.';
COMMENT ON COLUMN ogive.leadership.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN ogive.leadership.term IS 'Its fencing number.';
COMMENT ON COLUMN ogive.leadership.coordinator IS
    'Host and process id; NULL when the last one resigned.';
COMMENT ON COLUMN ogive.leadership.since IS 'When it began to lead; NULL without a coordinator.';
COMMENT ON COLUMN ogive.leadership.renewed_at IS
    'When it last renewed its term; NULL without a coordinator.';
COMMENT ON COLUMN ogive.leadership.expires_at IS
    'When its term expires and another one may lead, unless it is renewed before; NULL without a '
    'coordinator.';
COMMENT ON COLUMN ogive.leadership.counts IS 'Totals by name, as of renewed_at.';
INSERT INTO ogive.leadership (term) VALUES (0);
CREATE TRIGGER leadership_rises BEFORE UPDATE ON ogive.leadership
    FOR EACH ROW WHEN (NEW.term < OLD.term)
    EXECUTE FUNCTION ogive_internal.refuse_change('a former term does not lead again');

CREATE TABLE ogive.workers (
    id uuid NOT NULL,
    term bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    note text,
    outages jsonb NOT NULL DEFAULT '[]',
    site jsonb NOT NULL DEFAULT '{}',
    load jsonb,
    CONSTRAINT workers_pkey PRIMARY KEY (id),
    CONSTRAINT workers_state CHECK (state IN ('active', 'idle', 'draining', 'left', 'lost')),
    CONSTRAINT workers_outages CHECK (jsonb_typeof(outages) = 'array'),
    CONSTRAINT workers_site CHECK (jsonb_typeof(site) = 'object'),
    CONSTRAINT workers_load CHECK (jsonb_typeof(load) = 'object')
);
COMMENT ON TABLE ogive.workers IS
    'Worker incarnations as the coordinator last saw them. Of those that are gone, the last ones '
    'are kept. Behind the view ogive.worker_status.';
COMMENT ON COLUMN ogive.workers.id IS 'The incarnation.';
COMMENT ON COLUMN ogive.workers.term IS 'The term of the coordinator that recorded it.';
COMMENT ON COLUMN ogive.workers.seen_at IS 'When its state was last recorded.';
COMMENT ON COLUMN ogive.workers.name IS 'Host and process id, as the worker says.';
COMMENT ON COLUMN ogive.workers.state IS 'active, idle, draining, left or lost.';
COMMENT ON COLUMN ogive.workers.note IS 'Why it gets no work; NULL when it may.';
COMMENT ON COLUMN ogive.workers.outages IS
    'Endpoints of its models that get no requests for now: objects with model, endpoint, code, '
    'message and since.';
COMMENT ON COLUMN ogive.workers.site IS 'Where it runs: host, job, version and endpoints.';
COMMENT ON COLUMN ogive.workers.load IS
    'What it did and what its slots waited for, in all and of late; NULL before it reported.';
CREATE INDEX workers_term ON ogive.workers (term, name);
CREATE INDEX workers_seen_at ON ogive.workers (seen_at);

-- What proves to a coordinator that an earlier one granted a lease. Readers cannot see it.
CREATE TABLE ogive_internal.lease_key (
    is_only boolean DEFAULT true,
    key bytea NOT NULL,
    CONSTRAINT lease_key_pkey PRIMARY KEY (is_only),
    CONSTRAINT lease_key_is_only_check CHECK (is_only),
    CONSTRAINT lease_key_key_check CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE ogive_internal.lease_key IS
    'The secret of the proofs of leases. Another one makes all leases worthless that workers hold.';
COMMENT ON COLUMN ogive_internal.lease_key.is_only IS 'Always true: there is one row.';
COMMENT ON COLUMN ogive_internal.lease_key.key IS 'The secret, 32 random bytes.';
-- Two random numbers of 122 bits, from the system's source of randomness.
INSERT INTO ogive_internal.lease_key (key)
SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

GRANT SELECT, UPDATE ON ogive.terms, ogive.leadership TO ogive_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ogive.workers TO ogive_writer;
GRANT SELECT ON ogive_internal.lease_key TO ogive_writer;
