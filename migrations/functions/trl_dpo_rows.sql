CREATE OR REPLACE FUNCTION ogive.trl_dpo_rows(
    run text, strategy text DEFAULT 'labels', k integer DEFAULT 6, pairs integer DEFAULT 1,
    seed bigint DEFAULT 0, min_gap float8 DEFAULT NULL, drop_equal boolean DEFAULT false,
    snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, pair_index integer, prompt jsonb, chosen jsonb,
    rejected jsonb, tools text, ref_chosen_logps float8, ref_rejected_logps float8, missing text
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT p.prompt_id, p.prompt_key, p.pair_index, ogive.trainer_prompt(p.content, p.api),
        ogive.trainer_answer(p.content, p.api, p.chosen),
        ogive.trainer_answer(p.content, p.api, p.rejected), p.tools, p.ref_chosen_logps,
        p.ref_rejected_logps, p.missing
    FROM ogive.trainer_pairs(
        run, strategy, k, pairs, seed, min_gap, drop_equal, NULL, snapshot) p
$$;

COMMENT ON FUNCTION
    ogive.trl_dpo_rows(text, text, integer, integer, bigint, float8, boolean, text)
    IS
    'Rows for DPOTrainer of TRL: its preference format with an explicit prompt, and reference '
    'log-probabilities under the names that it uses. A partial turn at the end of a prompt is '
    'the beginning of both answers, whose difference it does not change. missing, and the '
    'other parameters, are those of trainer_pairs.';

GRANT EXECUTE ON FUNCTION
    ogive.trl_dpo_rows(text, text, integer, integer, bigint, float8, boolean, text)
    TO ogive_reader, ogive_writer;
