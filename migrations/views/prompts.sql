CREATE OR REPLACE VIEW ogive.prompts AS
SELECT s.name AS prompt_set, p.id AS prompt_id, p.key AS prompt_key, p.content, p.metadata,
    p.candidate_count AS candidates, p.prompt_set_id
FROM ogive.prompt_rows p
JOIN ogive.prompt_sets s ON s.id = p.prompt_set_id;

COMMENT ON VIEW ogive.prompts IS 'Imported prompts, one row each.';
COMMENT ON COLUMN ogive.prompts.prompt_set IS 'Name of the prompt set.';
COMMENT ON COLUMN ogive.prompts.prompt_id IS
    'Number of the prompt, ascending in the order of import.';
COMMENT ON COLUMN ogive.prompts.prompt_key IS 'Name of the prompt, unique within its set.';
COMMENT ON COLUMN ogive.prompts.content IS
    '{"messages": [{"role", "content"}]} for a chat, {"text"} for a plain text.';
COMMENT ON COLUMN ogive.prompts.metadata IS 'The other fields of the imported row.';
COMMENT ON COLUMN ogive.prompts.candidates IS 'Number of candidates that came with it.';
COMMENT ON COLUMN ogive.prompts.prompt_set_id IS 'Number of the prompt set.';

GRANT SELECT ON ogive.prompts TO ogive_reader, ogive_writer;
