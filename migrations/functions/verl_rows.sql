CREATE OR REPLACE FUNCTION ogive.verl_rows(
    run text, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, data_source text, prompt jsonb, ability text,
    reward_model jsonb, extra_info jsonb, n integer, mean_reward float8, reward_spread float8
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, coalesce(p.metadata ->> 'data_source', p.prompt_set),
        ogive.sampled_prompt(p.content, v.api),
        coalesce(p.metadata ->> 'ability', ''),
        jsonb_build_object('style', 'rule',
            'ground_truth', coalesce(ogive.ground_truth(p.metadata), '')),
        jsonb_build_object('index', t.prompt_id, 'prompt_key', t.prompt_key),
        t.n, (ogive.mean_value(t.rewards)).value, ogive.reward_spread(t.rewards)
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    JOIN ogive.run_policies v ON v.run_id = t.run_id
    WHERE t.run_id = (SELECT ogive.run_id(verl_rows.run))
        AND t.snapshot_id = (SELECT ogive.snapshot_id(verl_rows.run, verl_rows.snapshot))
        AND (p.content ? 'messages' OR v.api = 'chat') AND NOT p.content ? 'tools'
        AND NOT ogive.has_tool_calls(p.content)
        AND p.content #>> '{messages,-1,role}' IS DISTINCT FROM 'assistant'
$$;

COMMENT ON FUNCTION ogive.verl_rows(text, text) IS
    'Rows for verl (verl/utils/dataset/rl_dataset.py): one for each prompt, with what its '
    'reward function gets, and the mean and spread of the rewards for choosing prompts. Only '
    'chats, without tools, and without those that end in a partial turn of the assistant: '
    'verl adds the turn itself.';

GRANT EXECUTE ON FUNCTION ogive.verl_rows(text, text) TO ogive_reader, ogive_writer;
