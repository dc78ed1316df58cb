CREATE OR REPLACE VIEW ogive.candidate_pairs AS
SELECT prompt_id, pair_index, chosen_index, rejected_index FROM ogive.candidate_pair_rows;

COMMENT ON VIEW ogive.candidate_pairs IS
    'Which candidates of a prompt came as chosen and rejected in one row of a file: what '
    'preference_pairs pairs by the strategy labels.';
COMMENT ON COLUMN ogive.candidate_pairs.prompt_id IS 'Number of the prompt.';
COMMENT ON COLUMN ogive.candidate_pairs.pair_index IS
    'Index of the pair within its prompt, from 0, in the order of import.';
COMMENT ON COLUMN ogive.candidate_pairs.chosen_index IS 'Index of the chosen candidate.';
COMMENT ON COLUMN ogive.candidate_pairs.rejected_index IS 'Index of the rejected candidate.';

GRANT SELECT ON ogive.candidate_pairs TO ogive_reader, ogive_writer;
