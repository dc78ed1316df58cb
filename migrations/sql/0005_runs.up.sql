SET LOCAL ROLE ogive_owner;

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
    CONSTRAINT runs_pkey PRIMARY KEY (id),
    CONSTRAINT runs_name_key UNIQUE (name),
    CONSTRAINT runs_sampling_fkey FOREIGN KEY (sampling_id) REFERENCES ogive.samplings (id),
    CONSTRAINT runs_scoring_fkey FOREIGN KEY (scoring_id) REFERENCES ogive.scorings (id),
    CONSTRAINT runs_name_length CHECK (octet_length(name) BETWEEN 1 AND 200),
    CONSTRAINT runs_draws CHECK (draws BETWEEN 1 AND 1048576),
    CONSTRAINT runs_weight CHECK (weight > 0 AND weight < 'Infinity'),
    CONSTRAINT runs_state CHECK (state IN ('open', 'finished')),
    CONSTRAINT runs_finished_at CHECK ((state = 'finished') = (finished_at IS NOT NULL))
);
COMMENT ON TABLE ogive.runs IS
    'What users submitted and named: a scoring and a target number of draws for each prompt. '
    'Behind the view ogive.run_status.';
CREATE INDEX runs_scoring ON ogive.runs (scoring_id);
CREATE INDEX runs_sampling ON ogive.runs (sampling_id);

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

CREATE TABLE ogive.terms (
    only_row boolean NOT NULL DEFAULT true,
    term bigint NOT NULL,
    coordinator text,
    since timestamptz,
    CONSTRAINT terms_pkey PRIMARY KEY (only_row),
    CONSTRAINT terms_only_row CHECK (only_row),
    CONSTRAINT terms_term CHECK (term >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.terms IS
    'The fencing number of the coordinator that leads: one row. Every landing transaction locks '
    'and checks it, so a stale coordinator cannot write.';
INSERT INTO ogive.terms (term) VALUES (0);

CREATE TABLE ogive.workers (
    id uuid NOT NULL,
    term bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    note text,
    CONSTRAINT workers_pkey PRIMARY KEY (id),
    CONSTRAINT workers_state CHECK (state IN ('active', 'idle', 'draining', 'left', 'lost'))
);
COMMENT ON TABLE ogive.workers IS
    'Worker incarnations as the coordinator last saw them.';
CREATE INDEX workers_term ON ogive.workers (term, name);

GRANT SELECT, INSERT, UPDATE, DELETE ON ogive.runs, ogive.failure_rows, ogive.workers
    TO ogive_writer;
GRANT SELECT, UPDATE ON ogive.terms TO ogive_writer;
