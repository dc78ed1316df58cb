CREATE OR REPLACE FUNCTION ogive.trainer_prompt(content jsonb, api text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN content #>> '{messages,-1,role}' = 'assistant'
        THEN (content -> 'messages') - (-1)
        ELSE ogive.sampled_prompt(content, api) END
$$;

COMMENT ON FUNCTION ogive.trainer_prompt(jsonb, text) IS
    'A prompt as the chat templates of trainers read it: as sampled_prompt, but without a last, '
    'partial turn of the assistant, which trainer_answer begins with.';

GRANT EXECUTE ON FUNCTION ogive.trainer_prompt(jsonb, text) TO ogive_reader, ogive_writer;
