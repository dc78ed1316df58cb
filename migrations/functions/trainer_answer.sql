CREATE OR REPLACE FUNCTION ogive.trainer_answer(content jsonb, api text, completion text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN content ? 'messages' OR api = 'chat' THEN jsonb_build_array(
            jsonb_build_object('role', 'assistant', 'content',
                CASE WHEN content #>> '{messages,-1,role}' = 'assistant'
                    THEN content #>> '{messages,-1,content}' ELSE '' END || completion))
        ELSE to_jsonb(completion) END
$$;

COMMENT ON FUNCTION ogive.trainer_answer(jsonb, text, text) IS
    'A completion as trainers read it: a list of one message of the assistant, which begins with '
    'what the prompt has of its turn, or a plain text.';

GRANT EXECUTE ON FUNCTION ogive.trainer_answer(jsonb, text, text) TO ogive_reader, ogive_writer;
