CREATE OR REPLACE FUNCTION ogive.sampled_prompt(content jsonb, api text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN content ? 'messages' THEN content -> 'messages'
        WHEN api = 'chat' THEN jsonb_build_array(
            jsonb_build_object('role', 'user', 'content', content -> 'text'))
        ELSE content -> 'text' END
$$;

COMMENT ON FUNCTION ogive.sampled_prompt(jsonb, text) IS
    'The content of a prompt (ogive.prompts) as the policy got it: a list of messages, or a plain '
    'text. api: that of ogive.run_policies; with chat a plain text is the turn of a user.';

GRANT EXECUTE ON FUNCTION ogive.sampled_prompt(jsonb, text) TO ogive_reader, ogive_writer;
