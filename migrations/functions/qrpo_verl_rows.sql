CREATE OR REPLACE FUNCTION ogive.qrpo_verl_rows(
    run text, n_ref integer DEFAULT NULL, source text DEFAULT 'all', snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt_messages jsonb, ref_completions text[],
    ref_rewards float8[], offline_trajectories jsonb, offline_rewards float8[]
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, ogive.sampled_prompt(p.content, v.api),
        d.texts[1:coalesce(n_ref, t.n)], t.draw_rewards[1:coalesce(n_ref, t.n)],
        to_jsonb(ARRAY(
            SELECT ogive.trainer_answer(p.content, v.api, o.text)
            FROM unnest(k.texts || CASE WHEN source = 'all' THEN d.texts ELSE '{}'::text[] END)
                WITH ORDINALITY o(text, place)
            ORDER BY o.place)),
        k.rewards || CASE WHEN source = 'all' THEN t.draw_rewards ELSE '{}'::float8[] END
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    JOIN ogive.run_policies v ON v.run_id = t.run_id
    CROSS JOIN LATERAL (
        SELECT ARRAY(
            SELECT c.text FROM ogive.run_completions c
            WHERE c.run_id = t.run_id AND c.prompt_id = t.prompt_id
                AND c.draw_index = ANY (t.draw_indexes)
            ORDER BY c.draw_index) AS texts
    ) d
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(x.text ORDER BY u.index), '{}') AS texts,
            coalesce(array_agg(u.reward ORDER BY u.index), '{}') AS rewards
        FROM unnest(t.candidate_indexes, t.candidate_rewards) u(index, reward)
        JOIN ogive.candidates x ON x.run_id = t.run_id AND x.prompt_id = t.prompt_id
            AND x.candidate_index = u.index
    ) k
    WHERE t.run_id = (SELECT ogive.run_id(qrpo_verl_rows.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(qrpo_verl_rows.run, qrpo_verl_rows.snapshot))
        AND ogive.is_one_of('source', source, 'all', 'candidates')
        AND t.n >= coalesce(n_ref, 1) AND (p.content ? 'messages' OR v.api = 'chat')
        AND NOT p.content ? 'tools' AND NOT ogive.has_tool_calls(p.content)
        AND p.content #>> '{messages,-1,role}' IS DISTINCT FROM 'assistant'
$$;

COMMENT ON FUNCTION ogive.qrpo_verl_rows(text, integer, text, text) IS
    'Rows for QRPO on verl (swiss-ai/posttraining, branch online-qrpo-impl): one for each prompt, '
    'with the texts and rewards of its draws by index, for a version of their store of reference '
    'rewards, and its offline trajectories, candidates and then draws (source all) or candidates '
    'alone. The first n_ref references, of prompts with as many. Only chats, without tools, and '
    'without those that end in a partial turn of the assistant.';

GRANT EXECUTE ON FUNCTION ogive.qrpo_verl_rows(text, integer, text, text)
    TO ogive_reader, ogive_writer;
