CREATE OR REPLACE FUNCTION ogive.trl_kto_rows(
    run text, source text DEFAULT 'all', threshold float8 DEFAULT NULL,
    snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, item_kind text, item_index integer, prompt jsonb,
    completion jsonb, label boolean, tools text
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
AS $$
    SELECT i.prompt_id, i.prompt_key, i.item_kind, i.item_index,
        ogive.trainer_prompt(i.prompt, v.api),
        ogive.trainer_answer(i.prompt, v.api, i.completion),
        CASE WHEN threshold IS NULL THEN i.quantile_reward > 0.5 ELSE i.reward >= threshold END,
        i.prompt ->> 'tools'
    FROM ogive.training_rows(run, 1, ties => 'mid', source => source, snapshot => snapshot) i
    JOIN ogive.run_policies v ON v.run = trl_kto_rows.run
    WHERE (threshold IS NOT NULL OR i.quantile_reward <> 0.5)
        AND NOT ogive.has_tool_calls(i.prompt)
        AND i.prompt #>> '{messages,-1,role}' IS DISTINCT FROM 'assistant'
$$;

COMMENT ON FUNCTION ogive.trl_kto_rows(text, text, float8, text) IS
    'Rows for KTOTrainer of TRL: one for each draw and candidate with a reward. label: '
    'whether the reward is at least threshold; without one, whether it is better than the '
    'middle of its prompt''s table (ties half), and what is exactly the middle has no row. '
    'Without prompts that end in a partial turn of the assistant. source: all, draws or '
    'candidates.';

GRANT EXECUTE ON FUNCTION
    ogive.trl_kto_rows(text, text, float8, text)
    TO ogive_reader, ogive_writer;
