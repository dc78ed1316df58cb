CREATE OR REPLACE FUNCTION ogive.trl_reward_rows(
    run text, strategy text DEFAULT 'labels', k integer DEFAULT 6, pairs integer DEFAULT 1,
    seed bigint DEFAULT 0, min_gap float8 DEFAULT NULL, drop_equal boolean DEFAULT false,
    snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, pair_index integer, prompt jsonb, chosen jsonb,
    rejected jsonb, tools text, margin float8
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT p.prompt_id, p.prompt_key, p.pair_index, ogive.trainer_prompt(p.content, p.api),
        ogive.trainer_answer(p.content, p.api, p.chosen),
        ogive.trainer_answer(p.content, p.api, p.rejected), p.tools, p.reward_gap
    FROM ogive.trainer_pairs(
        run, strategy, k, pairs, seed, min_gap, drop_equal, NULL, snapshot) p
$$;

COMMENT ON FUNCTION
    ogive.trl_reward_rows(text, text, integer, integer, bigint, float8, boolean, text)
    IS
    'Rows for RewardTrainer of TRL: its preference format, with the difference of the raw '
    'rewards as margin, which the loss takes from the difference of the predicted ones. '
    'Parameters as trainer_pairs has them.';

GRANT EXECUTE ON FUNCTION
    ogive.trl_reward_rows(text, text, integer, integer, bigint, float8, boolean, text)
    TO ogive_reader, ogive_writer;
