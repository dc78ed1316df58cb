CREATE OR REPLACE FUNCTION ogive.trainer_chat(content jsonb, api text, completion text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN content ? 'messages' OR api = 'chat'
        THEN ogive.trainer_prompt(content, api) || ogive.trainer_answer(content, api, completion)
        ELSE to_jsonb((content ->> 'text') || completion) END
$$;

COMMENT ON FUNCTION ogive.trainer_chat(jsonb, text, text) IS
    'Prompt and completion in one: a whole chat, or a plain text.';

GRANT EXECUTE ON FUNCTION ogive.trainer_chat(jsonb, text, text) TO ogive_reader, ogive_writer;
