CREATE OR REPLACE FUNCTION ogive.make_snapshot(
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
        d.indexes, d.rewards, d.sorted, u.indexes, k.indexes, k.rewards, k.log_probabilities
    FROM ogive.samplings s
    JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
    LEFT JOIN ogive.quantile_tables t ON t.run_id = r.id AND t.prompt_id = p.id
    LEFT JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = p.id
    CROSS JOIN LATERAL (SELECT coalesce(g.draws, r.min_draws, r.draws) AS draws) o
    CROSS JOIN LATERAL (
        SELECT coalesce(t.draw_indexes, '{}') AS indexes,
            coalesce(t.draw_rewards, '{}') AS rewards, coalesce(t.rewards, '{}') AS sorted
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
            'scorer_fingerprint', g.scorer_fingerprint, 'adopted', status.adopted,
            'ogive_version', program,
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

GRANT EXECUTE ON FUNCTION ogive.make_snapshot(text, text, timestamptz, boolean, text)
    TO ogive_writer;
