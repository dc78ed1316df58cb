CREATE OR REPLACE FUNCTION ogive.ground_truth(metadata jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(metadata #>> '{reward_model,ground_truth}', metadata ->> 'ground_truth',
        metadata ->> 'answer', metadata ->> 'solution')
$$;

COMMENT ON FUNCTION ogive.ground_truth(jsonb) IS
    'The right answer in the metadata of a prompt (ogive.prompts): the first of the fields '
    'reward_model.ground_truth, ground_truth, answer and solution that is there, as text; NULL '
    'without one.';

GRANT EXECUTE ON FUNCTION ogive.ground_truth(jsonb) TO ogive_reader, ogive_writer;
