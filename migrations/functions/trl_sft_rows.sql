CREATE OR REPLACE FUNCTION ogive.trl_sft_rows(
    run text, k integer DEFAULT NULL, threshold float8 DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, draw_index integer, prompt jsonb, completion jsonb,
    tools text, reward float8
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, d.draw_index, ogive.trainer_prompt(p.content, v.api),
        ogive.trainer_answer(p.content, v.api, d.text), p.content ->> 'tools', d.reward
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    JOIN ogive.run_policies v ON v.run_id = t.run_id
    CROSS JOIN LATERAL (
        SELECT c.draw_index, c.text,
            ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index) AS reward
        FROM ogive.run_completions c
        WHERE c.run_id = t.run_id AND c.prompt_id = t.prompt_id
            AND NOT c.truncated AND NOT c.text_is_lossy
            AND ogive.reward_of_draw(t.draw_indexes, t.draw_rewards, c.draw_index)
                >= coalesce(threshold, '-Infinity')
            AND (k IS NULL OR c.draw_index <= t.draw_indexes[least(k, t.n)])
        ORDER BY reward DESC, c.draw_index LIMIT 1
    ) d
    WHERE t.run_id = (SELECT ogive.run_id(trl_sft_rows.run))
        AND t.snapshot_id = (SELECT ogive.snapshot_id(trl_sft_rows.run, trl_sft_rows.snapshot))
        AND NOT ogive.has_tool_calls(p.content)
        AND p.content #>> '{messages,-1,role}' IS DISTINCT FROM 'assistant'
$$;

COMMENT ON FUNCTION ogive.trl_sft_rows(text, integer, float8, text) IS
    'Rows for SFTTrainer of TRL: of each prompt the best draw that is not truncated and whose '
    'text is whole (best of n), among the first k with a reward or all, if its reward is at '
    'least threshold; among equal ones the first. Without prompts that end in a partial turn '
    'of the assistant.';

GRANT EXECUTE ON FUNCTION
    ogive.trl_sft_rows(text, integer, float8, text)
    TO ogive_reader, ogive_writer;
