CREATE OR REPLACE VIEW ogive.reward_parts AS
SELECT r.name AS run, p.key AS prompt_key, w.prompt_id, w.item_kind, w.item_index,
    d.part ->> 'name' AS part, (d.part ->> 'weight')::float8 AS weight,
    w.parts[d.number] AS reward, d.number::integer - 1 AS part_index, r.id AS run_id, w.scoring_id
FROM ogive.runs r
JOIN ogive.scorings g ON g.id = r.scoring_id
CROSS JOIN LATERAL jsonb_array_elements(g.spec #> '{scorer,parts}')
    WITH ORDINALITY d(part, number)
JOIN ogive.reward_part_rows w ON w.scoring_id = r.scoring_id
JOIN ogive.prompt_rows p ON p.id = w.prompt_id
LEFT JOIN ogive.prompt_target_rows x ON x.run_id = r.id AND x.prompt_id = w.prompt_id
WHERE w.item_kind <> 'draw' OR w.item_index < coalesce(x.draws, r.min_draws, r.draws);

COMMENT ON VIEW ogive.reward_parts IS
    'What the rewards of a weighted scorer are made of: one row for each run, rewarded item and '
    'part. The sum of weight * reward over the parts is the item''s reward.';
COMMENT ON COLUMN ogive.reward_parts.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.reward_parts.prompt_key IS 'Name of the prompt within its set.';
COMMENT ON COLUMN ogive.reward_parts.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.reward_parts.item_kind IS 'draw or candidate.';
COMMENT ON COLUMN ogive.reward_parts.item_index IS 'Index within its kind, from 0.';
COMMENT ON COLUMN ogive.reward_parts.part IS 'Name of the part.';
COMMENT ON COLUMN ogive.reward_parts.weight IS 'Its factor in the sum.';
COMMENT ON COLUMN ogive.reward_parts.reward IS 'The raw reward that it gave.';
COMMENT ON COLUMN ogive.reward_parts.part_index IS 'Its place in the specification, from 0.';
COMMENT ON COLUMN ogive.reward_parts.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.reward_parts.scoring_id IS 'Number of the scoring.';

GRANT SELECT ON ogive.reward_parts TO ogive_reader, ogive_writer;
