SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.run_status, ogive.failures, ogive.candidates, ogive.scored_completions;

CREATE VIEW ogive.scored_completions AS
SELECT r.name AS run, p.key AS prompt_key, c.prompt_id, c.draw_index, c.text,
    ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) AS reward,
    ogive.quantile_reward(t.rewards,
        ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index)) AS quantile_reward,
    c.log_probability, c.token_count, c.finish_reason, c.finish_reason = 'length' AS truncated,
    c.seed, c.worker, c.sample_ms, c.landed_at, c.raw, r.id AS run_id, c.sampling_id, r.scoring_id
FROM ogive.runs r
JOIN ogive.completion_rows c ON c.sampling_id = r.sampling_id
JOIN ogive.prompt_rows p ON p.id = c.prompt_id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = c.prompt_id;
COMMENT ON VIEW ogive.scored_completions IS
    'Reference completions with their rewards, one row for each run and draw.';
COMMENT ON COLUMN ogive.scored_completions.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.scored_completions.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.scored_completions.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.scored_completions.draw_index IS 'Index of the draw, from 0.';
COMMENT ON COLUMN ogive.scored_completions.text IS
    'The completion as sampled; U+0000, which PostgreSQL cannot hold, shows as U+FFFD (see raw).';
COMMENT ON COLUMN ogive.scored_completions.reward IS 'Raw reward; NULL while there is none.';
COMMENT ON COLUMN ogive.scored_completions.quantile_reward IS
    'Share of the prompt''s reference rewards that are at most this one, in (0, 1].';
COMMENT ON COLUMN ogive.scored_completions.log_probability IS
    'log pi_ref(y|x) at temperature 1, in nats; NULL when the server did not tell.';
COMMENT ON COLUMN ogive.scored_completions.token_count IS
    'Number of tokens, the end token included; NULL when the server did not tell.';
COMMENT ON COLUMN ogive.scored_completions.finish_reason IS 'stop, length or other.';
COMMENT ON COLUMN ogive.scored_completions.truncated IS 'Whether max_tokens cut it off.';
COMMENT ON COLUMN ogive.scored_completions.seed IS 'The seed that was sent for it.';
COMMENT ON COLUMN ogive.scored_completions.worker IS 'The worker incarnation that made it.';
COMMENT ON COLUMN ogive.scored_completions.sample_ms IS
    'Time of the request that made it, in milliseconds.';
COMMENT ON COLUMN ogive.scored_completions.landed_at IS 'When it was committed.';
COMMENT ON COLUMN ogive.scored_completions.raw IS
    'The exact UTF-8 bytes where the text holds U+0000, else NULL.';
COMMENT ON COLUMN ogive.scored_completions.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.scored_completions.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.scored_completions.scoring_id IS 'Number of the scoring.';

CREATE VIEW ogive.candidates AS
SELECT r.name AS run, p.key AS prompt_key, k.prompt_id, k.candidate_index, k.label, k.text,
    k.metadata, w.reward, ogive.quantile_reward(t.rewards, w.reward) AS quantile_reward,
    r.id AS run_id, r.scoring_id
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.prompt_rows p ON p.prompt_set_id = s.prompt_set_id
JOIN ogive.candidate_rows k ON k.prompt_id = p.id
LEFT JOIN ogive.candidate_reward_rows w
    ON w.scoring_id = r.scoring_id AND w.prompt_id = k.prompt_id
    AND w.candidate_index = k.candidate_index
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = r.scoring_id AND t.prompt_id = k.prompt_id;
COMMENT ON VIEW ogive.candidates IS
    'Completions that came with the prompts, with their rewards, one row for each run and '
    'candidate.';
COMMENT ON COLUMN ogive.candidates.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.candidates.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.candidates.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidates.candidate_index IS 'Index of the candidate, from 0.';
COMMENT ON COLUMN ogive.candidates.label IS 'chosen, rejected, or any label of the file.';
COMMENT ON COLUMN ogive.candidates.text IS 'The completion.';
COMMENT ON COLUMN ogive.candidates.metadata IS 'What the file said of it, for example a reward.';
COMMENT ON COLUMN ogive.candidates.reward IS 'Raw reward; NULL while there is none.';
COMMENT ON COLUMN ogive.candidates.quantile_reward IS
    'Share of the prompt''s reference rewards that are at most this one, in [0, 1].';
COMMENT ON COLUMN ogive.candidates.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.candidates.scoring_id IS 'Number of the scoring.';

CREATE VIEW ogive.failures AS
SELECT r.name AS run, p.key AS prompt_key, f.prompt_id, f.item_kind, f.item_index, f.stage,
    f.code, f.message, f.attempts, f.worker, f.failed_at, r.id AS run_id, f.scoring_id
FROM ogive.runs r
JOIN ogive.failure_rows f ON f.scoring_id = r.scoring_id
    AND (CASE f.item_kind WHEN 'draw' THEN f.item_index < r.draws ELSE r.scores_candidates END)
JOIN ogive.prompt_rows p ON p.id = f.prompt_id;
COMMENT ON VIEW ogive.failures IS
    'Why draws and candidates of a run have no reward: one row for each that is given up.';
COMMENT ON COLUMN ogive.failures.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.failures.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.failures.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.failures.item_kind IS 'draw or candidate.';
COMMENT ON COLUMN ogive.failures.item_index IS 'Index within its kind, from 0.';
COMMENT ON COLUMN ogive.failures.stage IS
    'sampling: there is no completion. scoring: there is one, but no reward.';
COMMENT ON COLUMN ogive.failures.code IS 'Kind of failure, for example timeout or malformed.';
COMMENT ON COLUMN ogive.failures.message IS 'What is wrong, where, and what to do.';
COMMENT ON COLUMN ogive.failures.attempts IS 'How often it was tried.';
COMMENT ON COLUMN ogive.failures.worker IS 'The worker incarnation that gave up.';
COMMENT ON COLUMN ogive.failures.failed_at IS 'When the failure was committed.';
COMMENT ON COLUMN ogive.failures.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.failures.scoring_id IS 'Number of the scoring.';

CREATE VIEW ogive.run_status AS
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
    r.id AS run_id, r.sampling_id, r.scoring_id
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
JOIN ogive.scorings g ON g.id = r.scoring_id
JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
JOIN ogive.sampling_progress a ON a.sampling_id = r.sampling_id
JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id;
COMMENT ON VIEW ogive.run_status IS
    'How far each run is, from counters that landing keeps. Counts are of the sampling and '
    'scoring, which runs may share; ogive audit counts the rows themselves.';
COMMENT ON COLUMN ogive.run_status.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_status.state IS 'open while something is pending, else finished.';
COMMENT ON COLUMN ogive.run_status.prompt_set IS 'Name of the prompt set.';
COMMENT ON COLUMN ogive.run_status.prompts IS 'Number of prompts of the set.';
COMMENT ON COLUMN ogive.run_status.draws IS 'Draws asked for, for each prompt.';
COMMENT ON COLUMN ogive.run_status.target_draws IS 'Draws asked for, of all prompts.';
COMMENT ON COLUMN ogive.run_status.sampled IS 'Draws with a completion.';
COMMENT ON COLUMN ogive.run_status.landed IS 'Draws with a completion and a reward.';
COMMENT ON COLUMN ogive.run_status.failures IS 'Draws given up, with a row in ogive.failures.';
COMMENT ON COLUMN ogive.run_status.pending IS 'Draws still to be done.';
COMMENT ON COLUMN ogive.run_status.target_candidates IS 'Candidates to be scored.';
COMMENT ON COLUMN ogive.run_status.landed_candidates IS 'Candidates with a reward.';
COMMENT ON COLUMN ogive.run_status.candidate_failures IS 'Candidates given up.';
COMMENT ON COLUMN ogive.run_status.tokens IS 'Tokens of all completions, where known.';
COMMENT ON COLUMN ogive.run_status.truncated IS 'Completions cut off by max_tokens.';
COMMENT ON COLUMN ogive.run_status.mean_reward IS 'Mean raw reward of the draws.';
COMMENT ON COLUMN ogive.run_status.weight IS 'Share of the fleet relative to other runs.';
COMMENT ON COLUMN ogive.run_status.submitted_at IS 'When it was last submitted.';
COMMENT ON COLUMN ogive.run_status.finished_at IS 'When nothing was pending any more.';
COMMENT ON COLUMN ogive.run_status.policy IS 'Model id of the reference policy.';
COMMENT ON COLUMN ogive.run_status.scorer IS 'Model id or name of the scorer.';
COMMENT ON COLUMN ogive.run_status.synthetic IS
    'Whether completions or rewards come from a declared distribution and not from a model.';
COMMENT ON COLUMN ogive.run_status.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_status.sampling_id IS 'Number of the sampling.';
COMMENT ON COLUMN ogive.run_status.scoring_id IS 'Number of the scoring.';

GRANT SELECT ON ogive.scored_completions, ogive.candidates, ogive.failures, ogive.run_status
    TO ogive_reader, ogive_writer;

CREATE OR REPLACE FUNCTION ogive.create_sampling_partition(sampling_id bigint) RETURNS void
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

CREATE OR REPLACE FUNCTION ogive.drop_sampling_partition(sampling_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DROP TABLE ogive.%I', 'completion_rows_' || sampling_id);
END
$$;
COMMENT ON FUNCTION ogive.drop_sampling_partition(bigint) IS
    'Drops the partition that holds the completions of a sampling.';

UPDATE ogive.runs SET spec = jsonb_set(
    (spec - 'candidates' - 'candidates_first') #- '{scoring,sampling,policy,logprobs}'
        || jsonb_build_object('scores_candidates', scores_candidates),
    '{scoring,sampling,policy,log_probabilities}',
    CASE WHEN spec #>> '{scoring,sampling,policy,logprobs}' = 'none'
        THEN 'false' ELSE 'true' END::jsonb);
ALTER TABLE ogive.runs DROP COLUMN candidate_log_probabilities;
ALTER TABLE ogive.sampling_progress
    DROP COLUMN candidate_log_probabilities, DROP COLUMN candidate_log_probability_failures;
DROP TABLE ogive.candidate_log_probability_rows;
ALTER TABLE ogive.completion_rows
    DROP COLUMN token_ids, DROP COLUMN token_log_probabilities;
