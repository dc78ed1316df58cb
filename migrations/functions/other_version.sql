CREATE OR REPLACE FUNCTION ogive.other_version(run text, other text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    SELECT o.id, r.sampling_id = o.sampling_id AS same_sampling,
        s.prompt_set_id = u.prompt_set_id AS same_prompts,
        g.spec -> 'scorer' = k.spec -> 'scorer' AS same_scorer INTO found
    FROM ogive.runs r
    JOIN ogive.samplings s ON s.id = r.sampling_id
    JOIN ogive.scorings g ON g.id = r.scoring_id,
        ogive.runs o
    JOIN ogive.samplings u ON u.id = o.sampling_id
    JOIN ogive.scorings k ON k.id = o.scoring_id
    WHERE r.id = ogive.run_id(other_version.run) AND o.id = ogive.run_id(other_version.other);
    IF NOT found.same_prompts THEN
        RAISE EXCEPTION 'runs % and % are of different prompt sets', quote_literal(run),
            quote_literal(other) USING ERRCODE = 'invalid_parameter_value';
    ELSIF NOT found.same_scorer THEN
        RAISE EXCEPTION 'runs % and % have different scorers, whose rewards cannot be compared',
            quote_literal(run), quote_literal(other) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'ogive.reward_pairs compares scorers on the same completions.';
    ELSIF found.same_sampling THEN
        RAISE EXCEPTION 'runs % and % share their completions: they are one reference version',
            quote_literal(run), quote_literal(other) USING ERRCODE = 'invalid_parameter_value',
            HINT = '`ogive refresh RUN --revision REVISION` makes another one.';
    END IF;
    RETURN found.id;
END
$$;

COMMENT ON FUNCTION ogive.other_version(text, text) IS
    'The number of the run other, when run and other are of one prompt set and one scorer, and '
    'each has completions of its own; else an error that says what is not so.';

GRANT EXECUTE ON FUNCTION ogive.other_version(text, text) TO ogive_reader, ogive_writer;
