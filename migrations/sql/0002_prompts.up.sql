SET LOCAL ROLE ogive_owner;

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

CREATE TABLE ogive.prompt_rows (
    id bigint GENERATED ALWAYS AS IDENTITY,
    prompt_set_id bigint NOT NULL,
    candidate_count integer NOT NULL DEFAULT 0,
    key text NOT NULL,
    content_sha256 bytea NOT NULL,
    content jsonb NOT NULL,
    metadata jsonb NOT NULL,
    CONSTRAINT prompt_rows_pkey PRIMARY KEY (id),
    CONSTRAINT prompt_rows_set_fkey FOREIGN KEY (prompt_set_id) REFERENCES ogive.prompt_sets (id),
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
-- Pending work is paged through a set by ascending id. As an expression, id + 0 leaves the planner
-- no other index: the primary key would take it through the prompts of all other sets.
CREATE UNIQUE INDEX prompt_rows_paging ON ogive.prompt_rows (prompt_set_id, (id + 0));

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

GRANT SELECT, INSERT, UPDATE ON ogive.prompt_sets, ogive.prompt_rows, ogive.candidate_rows
    TO ogive_writer;
