CREATE OR REPLACE FUNCTION ogive.rebel_rows(
    run text, n_ref integer DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt text, responses text[], rewards float8[]
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, ogive.single_turn(p.content, v.api), ARRAY(
            SELECT c.text FROM ogive.run_completions c
            WHERE c.run_id = t.run_id AND c.prompt_id = t.prompt_id
                AND c.draw_index = ANY (t.draw_indexes[1:coalesce(n_ref, t.n)])
            ORDER BY c.draw_index),
        t.draw_rewards[1:coalesce(n_ref, t.n)]
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    JOIN ogive.run_policies v ON v.run_id = t.run_id
    WHERE t.run_id = (SELECT ogive.run_id(rebel_rows.run))
        AND t.snapshot_id = (SELECT ogive.snapshot_id(rebel_rows.run, rebel_rows.snapshot))
        AND t.n >= coalesce(n_ref, 1) AND ogive.single_turn(p.content, v.api) IS NOT NULL
$$;

COMMENT ON FUNCTION ogive.rebel_rows(text, integer, text) IS
    'Rows for ZhaolinGao/REBEL: what its src/ultrafeedback_largebatch/rank.py makes, and '
    'filter_tokenize.py reads. Draws and rewards by index, which files have as response_0, '
    'response_0_reward, …; the first n_ref of each prompt, of prompts with as many. Only '
    'prompts of one turn of a user: the scripts make the chat themselves.';

GRANT EXECUTE ON FUNCTION ogive.rebel_rows(text, integer, text) TO ogive_reader, ogive_writer;
