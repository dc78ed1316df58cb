SET LOCAL ROLE ogive_owner;

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

CREATE FUNCTION ogive.optional_bytes(value float8) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce('\x01'::bytea || float8send(value), '\x00'::bytea)
$$;
COMMENT ON FUNCTION ogive.optional_bytes(float8) IS
    'A number in the checksum of a snapshot: 01 and its 8 bytes (IEEE 754, big-endian), or 00 '
    'for none.';

CREATE FUNCTION ogive.prompt_sha256(
    sampling bigint, prompt bigint, draw_indexes integer[], draw_rewards float8[],
    unscored_indexes integer[], candidate_indexes integer[], candidate_rewards float8[],
    candidate_log_probabilities float8[]
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sha256(sha256(convert_to(p.key, 'UTF8')) || sha256(convert_to(p.content::text, 'UTF8'))
        || int4send(cardinality(prompt_sha256.draw_indexes || unscored_indexes))
        || coalesce((
            SELECT string_agg(int4send(c.draw_index)
                || sha256(coalesce(c.raw, convert_to(c.text, 'UTF8')))
                || sha256(convert_to(c.finish_reason, 'UTF8'))
                || ogive.optional_bytes(c.token_count) || ogive.optional_bytes(c.log_probability)
                || ogive.optional_bytes(d.reward), '' ORDER BY c.draw_index)
            FROM (
                SELECT u.index, u.reward FROM unnest(prompt_sha256.draw_indexes, draw_rewards)
                    u(index, reward)
                UNION ALL
                SELECT u.index, NULL FROM unnest(unscored_indexes) u(index)
            ) d
            JOIN ogive.completion_rows c ON c.sampling_id = prompt_sha256.sampling
                AND c.prompt_id = prompt_sha256.prompt AND c.draw_index = d.index), '')
        || int4send(cardinality(prompt_sha256.candidate_indexes))
        || coalesce((
            SELECT string_agg(int4send(k.candidate_index)
                || sha256(convert_to(k.label, 'UTF8')) || sha256(convert_to(k.text, 'UTF8'))
                || ogive.optional_bytes(u.reward) || ogive.optional_bytes(u.log_probability), ''
                ORDER BY k.candidate_index)
            FROM unnest(prompt_sha256.candidate_indexes, candidate_rewards,
                candidate_log_probabilities) u(index, reward, log_probability)
            JOIN ogive.candidate_rows k ON k.prompt_id = prompt_sha256.prompt
                AND k.candidate_index = u.index), ''))
    FROM ogive.prompt_rows p WHERE p.id = prompt_sha256.prompt
$$;
COMMENT ON FUNCTION ogive.prompt_sha256(bigint, bigint, integer[], float8[], integer[], integer[],
    float8[], float8[]) IS
    'SHA-256 of what a snapshot holds of a prompt: key, content, draws and candidates with their '
    'texts, rewards and log-probabilities, as the documentation of snapshots spells out.';

CREATE FUNCTION ogive.asked_draws(run_id bigint, prompt_id bigint) RETURNS integer
LANGUAGE sql STABLE STRICT
AS $$
    SELECT r.draws FROM ogive.runs r WHERE r.id = asked_draws.run_id
$$;
COMMENT ON FUNCTION ogive.asked_draws(bigint, bigint) IS
    'Draws that a run asks for of a prompt, whether there is a table of it or not.';

CREATE FUNCTION ogive.make_snapshot(
    run text, snapshot text, made_at timestamptz, incomplete boolean DEFAULT false,
    program text DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r ogive.runs%ROWTYPE;
    status ogive.run_status%ROWTYPE;
    new_id bigint := nextval('ogive.snapshot_rows_id_seq');
    counts jsonb;
    pending jsonb;
    total bytea;
BEGIN
    -- Members, counts and manifest must be of one state.
    IF current_setting('transaction_isolation') NOT IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'make_snapshot needs BEGIN ISOLATION LEVEL REPEATABLE READ'
            USING ERRCODE = 'invalid_transaction_state', HINT = 'Or use `ogive snapshot`.';
    END IF;
    SELECT * INTO r FROM ogive.runs x WHERE x.id = ogive.run_id(make_snapshot.run);
    SELECT * INTO status FROM ogive.run_status x WHERE x.run_id = r.id;
    INSERT INTO ogive.snapshot_table_rows (snapshot_id, prompt_id, draws, sha256, draw_indexes,
        draw_rewards, rewards, unscored_indexes, candidate_indexes, candidate_rewards,
        candidate_log_probabilities)
    SELECT new_id, p.id, o.draws, ogive.prompt_sha256(r.sampling_id, p.id, d.indexes, d.rewards,
            u.indexes, k.indexes, k.rewards, k.log_probabilities),
        d.indexes, d.rewards, CASE WHEN o.own = t.n THEN t.rewards
            ELSE ARRAY(SELECT x.reward FROM unnest(d.rewards) x(reward) ORDER BY 1) END,
        u.indexes, k.indexes, k.rewards, k.log_probabilities
    FROM ogive.samplings s
    JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
    LEFT JOIN ogive.quantile_tables t ON t.run_id = r.id AND t.prompt_id = p.id
    CROSS JOIN LATERAL (
        -- Draws of the run itself: others that share the scoring may have asked for more.
        SELECT coalesce(t.draws, ogive.asked_draws(r.id, p.id)) AS draws,
            coalesce(width_bucket(t.draws - 1, t.draw_indexes), 0) AS own
    ) o
    CROSS JOIN LATERAL (
        SELECT coalesce(t.draw_indexes[1:o.own], '{}') AS indexes,
            coalesce(t.draw_rewards[1:o.own], '{}') AS rewards
    ) d
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(c.draw_index ORDER BY c.draw_index), '{}') AS indexes
        FROM ogive.completion_rows c
        WHERE c.sampling_id = r.sampling_id AND c.prompt_id = p.id AND c.draw_index < o.draws
            AND ogive.reward_of_draw(d.indexes, d.rewards, c.draw_index) IS NULL
    ) u
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(w.candidate_index ORDER BY w.candidate_index), '{}') AS indexes,
            coalesce(array_agg(w.reward ORDER BY w.candidate_index), '{}') AS rewards,
            coalesce(array_agg(l.log_probability ORDER BY w.candidate_index), '{}')
                AS log_probabilities
        FROM ogive.candidate_reward_rows w
        LEFT JOIN ogive.candidate_log_probability_rows l ON l.sampling_id = r.sampling_id
            AND l.prompt_id = w.prompt_id AND l.candidate_index = w.candidate_index
        WHERE w.scoring_id = r.scoring_id AND w.prompt_id = p.id
    ) k
    WHERE s.id = r.sampling_id;

    SELECT sha256(coalesce(string_agg(m.sha256, '' ORDER BY p.key COLLATE "C"), '')),
        jsonb_build_object('prompts', count(*),
            'tables', count(*) FILTER (WHERE m.draw_indexes <> '{}'),
            'target_draws', coalesce(sum(CASE WHEN r.samples THEN m.draws
                ELSE cardinality(m.draw_indexes || m.unscored_indexes) END), 0),
            'draws', coalesce(sum(cardinality(m.draw_indexes || m.unscored_indexes)), 0),
            'rewards', coalesce(sum(cardinality(m.draw_indexes)), 0),
            'candidates', coalesce(sum(cardinality(m.candidate_indexes)), 0))
    INTO total, counts
    FROM ogive.snapshot_table_rows m
    JOIN ogive.prompt_rows p ON p.id = m.prompt_id
    WHERE m.snapshot_id = new_id;
    counts := counts || (
        SELECT jsonb_build_object(
            'failures', count(*) FILTER (WHERE f.item_kind = 'draw'),
            'candidate_failures', count(*) FILTER (WHERE f.item_kind <> 'draw'))
        FROM ogive.failures f WHERE f.run_id = r.id
    ) || (
        SELECT jsonb_build_object(
            'truncated', count(*) FILTER (WHERE c.finish_reason = 'length'),
            'tokens', coalesce(sum(c.token_count), 0))
        FROM ogive.snapshot_table_rows m
        JOIN ogive.completion_rows c ON c.sampling_id = r.sampling_id
            AND c.prompt_id = m.prompt_id AND c.draw_index < m.draws
        WHERE m.snapshot_id = new_id
    );
    pending := jsonb_build_object(
        'draws', greatest(0, (counts ->> 'target_draws')::bigint
            - (counts ->> 'rewards')::bigint - (counts ->> 'failures')::bigint),
        'candidates', greatest(0, status.target_candidates - status.landed_candidates
            - status.candidate_failures),
        'log_probabilities', greatest(0, status.target_log_probabilities
            - status.landed_log_probabilities - status.log_probability_failures));
    IF NOT incomplete AND (status.state = 'open'
        OR pending <> '{"draws": 0, "candidates": 0, "log_probabilities": 0}') THEN
        RAISE EXCEPTION 'run % is not finished: % draws, % candidates and % log-probabilities are '
            'pending', quote_literal(run), pending ->> 'draws', pending ->> 'candidates',
            pending ->> 'log_probabilities' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    INSERT INTO ogive.snapshot_rows (
        id, run_id, sampling_id, scoring_id, made_at, is_complete, name, sha256, manifest)
    OVERRIDING SYSTEM VALUE
    SELECT new_id, r.id, r.sampling_id, r.scoring_id, make_snapshot.made_at,
        status.state <> 'open' AND pending @> '{"draws": 0, "candidates": 0}'
            AND pending @> '{"log_probabilities": 0}',
        snapshot, total, jsonb_build_object(
            'run', r.name, 'snapshot', snapshot, 'sha256', encode(total, 'hex'),
            'made_at', to_char(make_snapshot.made_at AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'run_state', status.state, 'counts', counts, 'pending', pending,
            'prompt_set', status.prompt_set, 'run_spec', r.spec, 'sampling_spec', s.spec,
            'sampling_sha256', encode(s.spec_sha256, 'hex'),
            'policy_fingerprint', s.policy_fingerprint, 'scoring_spec', g.spec,
            'scoring_sha256', encode(g.spec_sha256, 'hex'),
            'scorer_fingerprint', g.scorer_fingerprint, 'ogive_version', program,
            'schema_version', (SELECT max(number) FROM ogive.migrations))
    FROM ogive.samplings s, ogive.scorings g
    WHERE s.id = r.sampling_id AND g.id = r.scoring_id;
    RETURN new_id;
END
$$;
COMMENT ON FUNCTION ogive.make_snapshot(text, text, timestamptz, boolean, text) IS
    'Pins the draws of a run (those below its own target), its candidates and all their rewards '
    'under a name, with a checksum; what `ogive snapshot` calls. Refuses a run that has not '
    'finished unless incomplete.';

CREATE VIEW ogive.snapshots AS
SELECT r.name AS run, s.name AS snapshot, s.made_at, s.is_complete AS complete,
    (s.manifest #>> '{counts,prompts}')::bigint AS prompts,
    (s.manifest #>> '{counts,draws}')::bigint AS draws,
    (s.manifest #>> '{counts,rewards}')::bigint AS rewards,
    (s.manifest #>> '{counts,failures}')::bigint AS failures,
    (s.manifest #>> '{counts,candidates}')::bigint AS candidates,
    encode(s.sha256, 'hex') AS sha256, s.manifest, s.id AS snapshot_id, s.run_id, s.sampling_id,
    s.scoring_id
FROM ogive.snapshot_rows s
JOIN ogive.runs r ON r.id = s.run_id;
COMMENT ON VIEW ogive.snapshots IS
    'Named versions of runs that nothing changes any more: one row each.';
COMMENT ON COLUMN ogive.snapshots.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.snapshots.snapshot IS 'Name of the snapshot, unique within the run.';
COMMENT ON COLUMN ogive.snapshots.made_at IS 'When it was made.';
COMMENT ON COLUMN ogive.snapshots.complete IS 'Whether nothing of the run was pending then.';
COMMENT ON COLUMN ogive.snapshots.prompts IS 'Prompts of the set.';
COMMENT ON COLUMN ogive.snapshots.draws IS 'Completions that it holds.';
COMMENT ON COLUMN ogive.snapshots.rewards IS 'Those of them with a reward.';
COMMENT ON COLUMN ogive.snapshots.failures IS 'Draws that had failed.';
COMMENT ON COLUMN ogive.snapshots.candidates IS 'Candidates with a reward.';
COMMENT ON COLUMN ogive.snapshots.sha256 IS
    'Checksum of all it holds: the SHA-256 of ogive.snapshot_tables.sha256 of all prompts, in '
    'order of their keys.';
COMMENT ON COLUMN ogive.snapshots.manifest IS
    'What it is: specifications, fingerprints, counts, versions.';
COMMENT ON COLUMN ogive.snapshots.snapshot_id IS 'Number of the snapshot.';
COMMENT ON COLUMN ogive.snapshots.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.snapshots.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.snapshots.scoring_id IS 'Number of the scoring.';

CREATE VIEW ogive.snapshot_tables AS
SELECT r.name AS run, s.name AS snapshot, p.key AS prompt_key, m.prompt_id,
    cardinality(m.draw_indexes) AS n, m.draws, cardinality(m.draw_indexes) = m.draws AS complete,
    m.rewards, m.draw_indexes, m.draw_rewards,
    m.rewards[1] = m.rewards[cardinality(m.rewards)] AS degenerate,
    m.unscored_indexes, m.candidate_indexes, m.candidate_rewards, m.candidate_log_probabilities,
    m.sha256, s.run_id, s.id AS snapshot_id, s.sampling_id, s.scoring_id
FROM ogive.snapshot_rows s
JOIN ogive.snapshot_table_rows m ON m.snapshot_id = s.id
JOIN ogive.runs r ON r.id = s.run_id
JOIN ogive.prompt_rows p ON p.id = m.prompt_id;
COMMENT ON VIEW ogive.snapshot_tables IS
    'ogive.quantile_tables as snapshots hold them: one row for each prompt of the set, n = 0 '
    'where it had no reward.';
COMMENT ON COLUMN ogive.snapshot_tables.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.snapshot_tables.snapshot IS 'Name of the snapshot.';
COMMENT ON COLUMN ogive.snapshot_tables.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.snapshot_tables.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.snapshot_tables.n IS 'Number of draws with a reward.';
COMMENT ON COLUMN ogive.snapshot_tables.draws IS 'Number of draws that the run asked for.';
COMMENT ON COLUMN ogive.snapshot_tables.complete IS 'Whether all of them have a reward.';
COMMENT ON COLUMN ogive.snapshot_tables.rewards IS 'Raw rewards, sorted ascending.';
COMMENT ON COLUMN ogive.snapshot_tables.draw_indexes IS
    'Indexes of the draws with a reward, ascending.';
COMMENT ON COLUMN ogive.snapshot_tables.draw_rewards IS 'Raw rewards in the order of draw_indexes.';
COMMENT ON COLUMN ogive.snapshot_tables.degenerate IS
    'Whether all rewards are equal; NULL without rewards.';
COMMENT ON COLUMN ogive.snapshot_tables.unscored_indexes IS
    'Indexes of the draws with a completion and no reward.';
COMMENT ON COLUMN ogive.snapshot_tables.candidate_indexes IS
    'Indexes of the candidates with a reward.';
COMMENT ON COLUMN ogive.snapshot_tables.candidate_rewards IS
    'Raw rewards in the order of candidate_indexes.';
COMMENT ON COLUMN ogive.snapshot_tables.candidate_log_probabilities IS
    'log pi_ref(y|x) in the order of candidate_indexes; NULL where there was none.';
COMMENT ON COLUMN ogive.snapshot_tables.sha256 IS 'Checksum of the prompt: ogive.prompt_sha256.';
COMMENT ON COLUMN ogive.snapshot_tables.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.snapshot_tables.snapshot_id IS 'Number of the snapshot.';
COMMENT ON COLUMN ogive.snapshot_tables.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.snapshot_tables.scoring_id IS 'Number of the scoring.';

-- Nobody but the owner writes members: the writer may only ask for a snapshot.
GRANT SELECT ON ogive.snapshots, ogive.snapshot_tables TO ogive_reader, ogive_writer;
GRANT SELECT ON ogive.snapshot_rows, ogive.snapshot_table_rows TO ogive_writer;
REVOKE ALL ON FUNCTION ogive.make_snapshot(text, text, timestamptz, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ogive.make_snapshot(text, text, timestamptz, boolean, text)
    TO ogive_writer;
GRANT EXECUTE ON FUNCTION
    ogive.optional_bytes(float8),
    ogive.prompt_sha256(
        bigint, bigint, integer[], float8[], integer[], integer[], float8[], float8[])
    TO ogive_reader, ogive_writer;
