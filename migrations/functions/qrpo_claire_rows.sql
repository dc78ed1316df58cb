CREATE OR REPLACE FUNCTION ogive.qrpo_claire_rows(
    run text, strategy text DEFAULT 'labels', k integer DEFAULT 6, pairs integer DEFAULT 1,
    seed bigint DEFAULT 0, min_gap float8 DEFAULT NULL, drop_equal boolean DEFAULT false,
    n_ref integer DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, pair_index integer, chosen jsonb, rejected jsonb,
    chosen_rewards float8, rejected_rewards float8, ref_rewards float8[], ref_completions text[]
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT p.prompt_id, p.prompt_key, p.pair_index,
        ogive.trainer_chat(p.content, p.api, p.chosen),
        ogive.trainer_chat(p.content, p.api, p.rejected), p.chosen_reward, p.rejected_reward,
        p.ref_rewards, '{}'::text[]
    FROM ogive.trainer_pairs(
        run, strategy, k, pairs, seed, min_gap, drop_equal, n_ref, snapshot) p
    WHERE NOT p.is_continued AND p.tools IS NULL
$$;

COMMENT ON FUNCTION
    ogive.qrpo_claire_rows(text, text, integer, integer, bigint, float8, boolean, integer, text)
    IS
    'Rows for CLAIRE-Labo/quantile-reward-policy-optimization (train_qrpo.py): whole chats, '
    'and the rewards of the draws by index. ref_completions is empty: their script removes '
    'the column. Without prompts that end in a partial turn of the assistant, or have tools: '
    'their trainer would take another text for the completion, or render the prompt without '
    'the tools. The other parameters are those of trainer_pairs.';

GRANT EXECUTE ON FUNCTION
    ogive.qrpo_claire_rows(text, text, integer, integer, bigint, float8, boolean, integer, text)
    TO ogive_reader, ogive_writer;
