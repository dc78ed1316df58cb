CREATE OR REPLACE FUNCTION ogive.astar_po_rows(
    run text, n_ref integer DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, data_source text, prompt jsonb, ability text,
    reward_model jsonb, extra_info jsonb, evals float8[]
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, coalesce(p.metadata ->> 'data_source', p.prompt_set),
        jsonb_build_array(jsonb_build_object('role', 'user', 'content', x.text)),
        coalesce(p.metadata ->> 'ability', ''),
        jsonb_build_object('style', 'rule',
            'ground_truth', coalesce(ogive.ground_truth(p.metadata), '')),
        jsonb_build_object('index', t.prompt_id, 'prompt_key', t.prompt_key),
        t.draw_rewards[1:coalesce(n_ref, t.n)]
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    JOIN ogive.run_policies v ON v.run_id = t.run_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.content ? 'messages' THEN ogive.single_turn(p.content, v.api)
            ELSE p.content ->> 'text' END AS text
    ) x
    WHERE t.run_id = (SELECT ogive.run_id(astar_po_rows.run))
        AND t.snapshot_id = (SELECT ogive.snapshot_id(astar_po_rows.run, astar_po_rows.snapshot))
        AND t.n >= coalesce(n_ref, 1) AND x.text IS NOT NULL
$$;

COMMENT ON FUNCTION ogive.astar_po_rows(text, integer, text) IS
    'Rows for ZhaolinGao/A-PO (verl/utils/dataset/rl_dataset.py): one for each prompt, with '
    'the rewards of its draws by index, which files have as eval_0, eval_1, …; the first '
    'n_ref, of prompts with as many. V* is theirs to compute (data.beta1). Only plain texts '
    'and prompts of one turn of a user: the trainer reads the content of the first message '
    'alone.';

GRANT EXECUTE ON FUNCTION ogive.astar_po_rows(text, integer, text) TO ogive_reader, ogive_writer;
