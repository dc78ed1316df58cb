CREATE OR REPLACE FUNCTION ogive.trl_a2po_rows(
    run text, beta float8 DEFAULT 0.5, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, ground_truth text, beta1 float8,
    optimal_value float8, all_incorrect boolean, n integer
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, ogive.sampled_prompt(p.content, v.api),
        coalesce(ogive.ground_truth(p.metadata), ''), beta, ogive.soft_value(t.rewards, beta),
        t.rewards[1] = 0 AND t.rewards[t.n] = 0, t.n
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    JOIN ogive.run_policies v ON v.run_id = t.run_id
    WHERE t.run_id = (SELECT ogive.run_id(trl_a2po_rows.run))
        AND t.snapshot_id = (SELECT ogive.snapshot_id(trl_a2po_rows.run, trl_a2po_rows.snapshot))
        AND NOT p.content ? 'tools' AND NOT ogive.has_tool_calls(p.content)
        AND p.content #>> '{messages,-1,role}' IS DISTINCT FROM 'assistant'
$$;

COMMENT ON FUNCTION ogive.trl_a2po_rows(text, float8, text) IS
    'Rows for A2POTrainer of TRL (A*-PO, arXiv 2505.20686): one for each prompt, with the '
    'optimal value of its table at beta1, so that the trainer need not sample for it; '
    'all_incorrect: every reward is 0, which filter_all_incorrect leaves out. Without prompts '
    'that have tools or end in a partial turn of the assistant.';

GRANT EXECUTE ON FUNCTION ogive.trl_a2po_rows(text, float8, text) TO ogive_reader, ogive_writer;
