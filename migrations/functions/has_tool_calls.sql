CREATE OR REPLACE FUNCTION ogive.has_tool_calls(content jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT jsonb_path_exists(content, '$.messages[*].tool_calls')
$$;

COMMENT ON FUNCTION ogive.has_tool_calls(jsonb) IS
    'Whether a turn of a prompt (ogive.prompts) calls tools. Calls are kept as the text that the '
    'policy got, which the chat templates of trainers do not read: rows for them are without such '
    'prompts.';

GRANT EXECUTE ON FUNCTION ogive.has_tool_calls(jsonb) TO ogive_reader, ogive_writer;
