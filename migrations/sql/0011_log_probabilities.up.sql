SET LOCAL ROLE ogive_owner;

-- Adding columns to the parent adds them to every partition.
ALTER TABLE ogive.completion_rows
    ADD COLUMN token_ids integer[],
    ADD COLUMN token_log_probabilities real[],
    ADD CONSTRAINT completion_rows_tokens
        CHECK (cardinality(token_ids) = cardinality(token_log_probabilities)),
    ADD CONSTRAINT completion_rows_tokens_finite CHECK (
        '-Infinity' < ALL (token_log_probabilities) AND 'Infinity' > ALL (token_log_probabilities));

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
) PARTITION BY LIST (sampling_id);
COMMENT ON TABLE ogive.candidate_log_probability_rows IS
    'What the policy said of candidates, one partition a sampling: the log-probability, or why '
    'there is none (code, message, attempts). The first outcome stays; a failure until a person '
    'asks for a retry. Behind ogive.candidates and ogive.failures.';

ALTER TABLE ogive.sampling_progress
    ADD COLUMN candidate_log_probabilities bigint NOT NULL DEFAULT 0,
    ADD COLUMN candidate_log_probability_failures bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT sampling_progress_candidate_counts CHECK (
        candidate_log_probabilities >= 0 AND candidate_log_probability_failures >= 0);

ALTER TABLE ogive.runs
    ADD COLUMN candidate_log_probabilities boolean NOT NULL DEFAULT false;
-- What earlier versions wrote, as this one reads it.
UPDATE ogive.runs SET spec = jsonb_set(
    (spec - 'scores_candidates') #- '{scoring,sampling,policy,log_probabilities}'
        || jsonb_build_object('candidates',
            CASE WHEN scores_candidates THEN '["score"]' ELSE '[]' END::jsonb),
    '{scoring,sampling,policy,logprobs}',
    CASE WHEN spec #> '{scoring,sampling,policy,log_probabilities}' = 'false'
        THEN '"none"' ELSE '"sum"' END::jsonb);

CREATE OR REPLACE FUNCTION ogive.create_sampling_partition(sampling_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parent text;
    partition_name text;
BEGIN
    -- Made apart and then attached: this does not block readers and writers of other partitions.
    FOREACH parent IN ARRAY ARRAY['completion_rows', 'candidate_log_probability_rows'] LOOP
        partition_name := parent || '_' || sampling_id;
        EXECUTE format(
            'CREATE TABLE ogive.%I (LIKE ogive.%I INCLUDING ALL)', partition_name, parent);
        EXECUTE format('ALTER TABLE ogive.%I ATTACH PARTITION ogive.%I FOR VALUES IN (%s)',
            parent, partition_name, sampling_id);
        EXECUTE format('COMMENT ON TABLE ogive.%I IS %L', partition_name,
            'Of sampling ' || sampling_id || ': see ogive.' || parent || '.');
    END LOOP;
END
$$;
COMMENT ON FUNCTION ogive.create_sampling_partition(bigint) IS
    'Makes the partitions that hold the completions of a sampling, and the log-probabilities of '
    'candidates under its policy.';

CREATE OR REPLACE FUNCTION ogive.drop_sampling_partition(sampling_id bigint) RETURNS void
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

-- Samplings that are there already.
DO $$
DECLARE
    sampling bigint;
BEGIN
    FOR sampling IN SELECT id FROM ogive.samplings LOOP
        EXECUTE format('CREATE TABLE ogive.%I PARTITION OF ogive.candidate_log_probability_rows '
            'FOR VALUES IN (%s)', 'candidate_log_probability_rows_' || sampling, sampling);
        EXECUTE format('COMMENT ON TABLE ogive.%I IS %L',
            'candidate_log_probability_rows_' || sampling,
            'Of sampling ' || sampling || ': see ogive.candidate_log_probability_rows.');
    END LOOP;
END
$$;

CREATE OR REPLACE VIEW ogive.scored_completions AS
SELECT r.name AS run, p.key AS prompt_key, c.prompt_id, c.draw_index, c.text,
    ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) AS reward,
    ogive.quantile_reward(t.rewards,
        ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index)) AS quantile_reward,
    c.log_probability, c.token_count, c.finish_reason, c.finish_reason = 'length' AS truncated,
    c.seed, c.worker, c.sample_ms, c.landed_at, c.raw, r.id AS run_id, c.sampling_id, r.scoring_id,
    c.token_ids, c.token_log_probabilities
FROM ogive.runs r
JOIN ogive.completion_rows c ON c.sampling_id = r.sampling_id
JOIN ogive.prompt_rows p ON p.id = c.prompt_id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = c.prompt_id;
COMMENT ON COLUMN ogive.scored_completions.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats, the end token included; NULL when not asked for '
    '(policy.logprobs: none).';
COMMENT ON COLUMN ogive.scored_completions.token_ids IS
    'The sampled tokens, the end token included; NULL unless policy.logprobs is tokens and the '
    'server told them.';
COMMENT ON COLUMN ogive.scored_completions.token_log_probabilities IS
    'Their log-probabilities, in the same order; NULL unless policy.logprobs is tokens.';

CREATE OR REPLACE VIEW ogive.candidates AS
SELECT r.name AS run, p.key AS prompt_key, k.prompt_id, k.candidate_index, k.label, k.text,
    k.metadata, w.reward, ogive.quantile_reward(t.rewards, w.reward) AS quantile_reward,
    r.id AS run_id, r.scoring_id,
    l.log_probability, l.token_count, l.token_ids, l.token_log_probabilities
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
JOIN ogive.candidate_rows k ON k.prompt_id = p.id
LEFT JOIN ogive.candidate_reward_rows w
    ON w.scoring_id = r.scoring_id AND w.prompt_id = k.prompt_id
    AND w.candidate_index = k.candidate_index
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = k.prompt_id
LEFT JOIN ogive.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND l.prompt_id = k.prompt_id
    AND l.candidate_index = k.candidate_index;
COMMENT ON COLUMN ogive.candidates.log_probability IS
    'log pi_ref(y|x) under the run''s policy at temperature 1, in nats, the end token included; '
    'NULL while there is none, or none was asked for.';
COMMENT ON COLUMN ogive.candidates.token_count IS
    'Number of its tokens under the policy, the end token included; NULL without '
    'log_probability.';
COMMENT ON COLUMN ogive.candidates.token_ids IS
    'These tokens; NULL unless policy.logprobs is tokens.';
COMMENT ON COLUMN ogive.candidates.token_log_probabilities IS
    'Their log-probabilities, in the same order; NULL unless policy.logprobs is tokens.';

CREATE OR REPLACE VIEW ogive.failures AS
SELECT r.name AS run, p.key AS prompt_key, f.prompt_id, f.item_kind, f.item_index, f.stage,
    f.code, f.message, f.attempts, f.worker, f.failed_at, r.id AS run_id, f.scoring_id
FROM ogive.runs r
JOIN ogive.failure_rows f ON f.scoring_id = r.scoring_id
    AND (CASE f.item_kind WHEN 'draw' THEN f.item_index < r.draws ELSE r.scores_candidates END)
JOIN ogive.prompt_rows p ON p.id = f.prompt_id
UNION ALL
SELECT r.name, p.key, l.prompt_id, 'candidate_logprob', l.candidate_index, 'logprob',
    l.code, l.message, l.attempts, l.worker, l.landed_at, r.id, r.scoring_id
FROM ogive.runs r
JOIN ogive.candidate_log_probability_rows l
    ON l.sampling_id = r.sampling_id AND r.candidate_log_probabilities AND l.code IS NOT NULL
JOIN ogive.prompt_rows p ON p.id = l.prompt_id;
COMMENT ON VIEW ogive.failures IS
    'Why draws of a run have no completion or reward, and candidates no reward or no '
    'log-probability: one row for each that is given up.';
COMMENT ON COLUMN ogive.failures.item_kind IS
    'draw, candidate (its reward) or candidate_logprob (its log-probability).';
COMMENT ON COLUMN ogive.failures.stage IS
    'sampling: there is no completion. scoring: there is one, but no reward. logprob: the '
    'policy did not tell the log-probability of a candidate.';

CREATE OR REPLACE VIEW ogive.run_status AS
SELECT r.name AS run, r.state, e.name AS prompt_set, e.prompts, r.draws,
    e.prompts * r.draws AS target_draws,
    least(a.draws, e.prompts * r.draws) AS sampled,
    least(b.rewards, e.prompts * r.draws) AS landed,
    b.draw_failures AS failures,
    greatest(0, e.prompts * r.draws - b.rewards - b.draw_failures) AS pending,
    CASE WHEN r.scores_candidates THEN e.candidates ELSE 0 END AS target_candidates,
    b.candidate_rewards AS landed_candidates, b.candidate_failures, a.tokens, a.truncated,
    (b.reward_sum / nullif(b.rewards, 0))::float8 AS mean_reward, r.weight, r.submitted_at,
    r.finished_at, s.spec #>> '{policy,model}' AS policy, g.spec #>> '{scorer,model}' AS scorer,
    s.spec #>> '{policy,kind}' = 'synthetic' OR g.spec #>> '{scorer,kind}' = 'synthetic'
        AS synthetic,
    r.id AS run_id, r.sampling_id, r.scoring_id,
    CASE WHEN r.candidate_log_probabilities THEN e.candidates ELSE 0 END
        AS target_log_probabilities,
    a.candidate_log_probabilities AS landed_log_probabilities,
    a.candidate_log_probability_failures AS log_probability_failures
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.scorings g ON g.id = r.scoring_id
JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
JOIN ogive.sampling_progress a ON a.sampling_id = r.sampling_id
JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id;
COMMENT ON COLUMN ogive.run_status.target_log_probabilities IS
    'Candidates whose log-probability is to be told.';
COMMENT ON COLUMN ogive.run_status.landed_log_probabilities IS 'Candidates with a log-probability.';
COMMENT ON COLUMN ogive.run_status.log_probability_failures IS
    'Candidates whose log-probability was given up.';

GRANT SELECT, INSERT, DELETE ON ogive.candidate_log_probability_rows TO ogive_writer;
