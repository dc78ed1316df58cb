SET LOCAL ROLE ogive_owner;

-- A strict function is inlined only where PostgreSQL can prove that its body is strict, which it
-- cannot of nullif. Not inlined, each call costs some microseconds, and a column that a
-- query uses four times is four calls. NULL still gives NULL.
CREATE OR REPLACE FUNCTION ogive.quantile_reward(rewards float8[], reward float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT width_bucket(reward, rewards)::float8 / nullif(cardinality(rewards), 0)
        + (reward - reward)
$$;

ALTER FUNCTION ogive.quantile_reward(float8[], float8, text) RENAME TO tied_quantile_reward;
COMMENT ON FUNCTION ogive.tied_quantile_reward(float8[], float8, text) IS
    'What quantile_reward calls where ties are not counted as at most reward; call that one.';

CREATE FUNCTION ogive.quantile_reward(rewards float8[], reward float8, ties text) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE ties WHEN 'right' THEN ogive.quantile_reward(rewards, reward)
        ELSE ogive.tied_quantile_reward(rewards, reward, ties) END
$$;
COMMENT ON FUNCTION ogive.quantile_reward(float8[], float8, text) IS
    'Quantile reward with a choice for ties: right counts references <= reward (the paper''s '
    'estimator), left counts references < reward, mid is the mean of both. rewards must be sorted '
    'ascending. NaN when reward is not finite, NULL when rewards is empty.';
GRANT EXECUTE ON FUNCTION ogive.quantile_reward(float8[], float8, text)
    TO ogive_reader, ogive_writer;

CREATE VIEW ogive.candidate_rewards AS
SELECT r.name AS run, w.prompt_id, w.candidate_index, w.reward,
    ogive.quantile_reward(t.rewards, w.reward) AS quantile_reward, t.n, r.id AS run_id,
    r.scoring_id
FROM ogive.runs r
JOIN ogive.candidate_reward_rows w ON w.scoring_id = r.scoring_id
LEFT JOIN ogive.quantile_table_rows t ON t.scoring_id = w.scoring_id AND t.prompt_id = w.prompt_id;
COMMENT ON VIEW ogive.candidate_rewards IS
    'The numbers of ogive.candidates without the texts, of candidates that have a reward: for '
    'reading millions of quantile rewards at once.';
COMMENT ON COLUMN ogive.candidate_rewards.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.candidate_rewards.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidate_rewards.candidate_index IS 'Index of the candidate, from 0.';
COMMENT ON COLUMN ogive.candidate_rewards.reward IS 'Raw reward.';
COMMENT ON COLUMN ogive.candidate_rewards.quantile_reward IS
    'Share of the prompt''s reference rewards that are at most this one, in [0, 1].';
COMMENT ON COLUMN ogive.candidate_rewards.n IS
    'Number of these reference rewards; NULL while there are none.';
COMMENT ON COLUMN ogive.candidate_rewards.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.candidate_rewards.scoring_id IS 'Number of the scoring.';
GRANT SELECT ON ogive.candidate_rewards TO ogive_reader, ogive_writer;
