CREATE OR REPLACE FUNCTION ogive.qrpo_swiss_rows(
    run text, strategy text DEFAULT 'labels', k integer DEFAULT 6, pairs integer DEFAULT 1,
    seed bigint DEFAULT 0, min_gap float8 DEFAULT NULL, drop_equal boolean DEFAULT false,
    n_ref integer DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, pair_index integer, chosen jsonb, rejected jsonb,
    chosen_reward float8, rejected_reward float8, ref_rewards float8[],
    chosen_quantile_reward float8, rejected_quantile_reward float8, ref_chosen_logprob float8,
    ref_rejected_logprob float8, missing text
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT p.prompt_id, p.prompt_key, p.pair_index,
        ogive.trainer_chat(p.content, p.api, p.chosen),
        ogive.trainer_chat(p.content, p.api, p.rejected), p.chosen_reward, p.rejected_reward,
        p.ref_rewards, p.chosen_quantile_reward, p.rejected_quantile_reward,
        CASE WHEN p.is_chat THEN p.ref_chosen_logps END,
        CASE WHEN p.is_chat THEN p.ref_rejected_logps END,
        CASE WHEN p.is_chat THEN p.missing ELSE coalesce(p.missing, 'no end token') END
    FROM ogive.trainer_pairs(
        run, strategy, k, pairs, seed, min_gap, drop_equal, n_ref, snapshot) p
    WHERE NOT p.is_continued AND p.tools IS NULL
$$;

COMMENT ON FUNCTION
    ogive.qrpo_swiss_rows(text, text, integer, integer, bigint, float8, boolean, integer, text)
    IS
    'Rows for swiss-ai/posttraining (train_preference.py), as its '
    'prepare_train_dataset_swissaiformat.py makes them. Without prompts that end in a partial '
    'turn of the assistant, or have tools. Of plain texts the log-probabilities are NULL: '
    'their trainer puts no end token behind a text, ours has it. missing, and the other '
    'parameters, are those of trainer_pairs.';

GRANT EXECUTE ON FUNCTION
    ogive.qrpo_swiss_rows(text, text, integer, integer, bigint, float8, boolean, integer, text)
    TO ogive_reader, ogive_writer;
