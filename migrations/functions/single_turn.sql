CREATE OR REPLACE FUNCTION ogive.single_turn(content jsonb, api text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN content ? 'text' AND api = 'chat' THEN content ->> 'text'
        WHEN jsonb_array_length(content -> 'messages') = 1
            AND content #>> '{messages,0,role}' = 'user'
            AND NOT content ? 'tools' THEN content #>> '{messages,0,content}' END
$$;

COMMENT ON FUNCTION ogive.single_turn(jsonb, text) IS
    'The text of a prompt that was sampled as one turn of a user and nothing else; NULL of others, '
    'which trainers that read a text and make the chat themselves cannot have.';

GRANT EXECUTE ON FUNCTION ogive.single_turn(jsonb, text) TO ogive_reader, ogive_writer;
