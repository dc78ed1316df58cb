CREATE OR REPLACE FUNCTION ogive.raw_rows(
    run text, beta float8 DEFAULT 0.1, transform text DEFAULT 'identity',
    ties text DEFAULT 'right', partition_function text DEFAULT 'exact',
    mean_spread float8 DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, item_kind text, item_index integer,
    label text, completion text, truncated boolean, reward float8, quantile_reward float8,
    standard_error float8, n integer, complete boolean, degenerate boolean,
    ref_log_probability float8, token_count integer, log_z float8, target float8,
    text_is_lossy boolean, tools text
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
AS $$
    SELECT i.prompt_id, i.prompt_key, ogive.sampled_prompt(i.prompt, v.api), i.item_kind,
        i.item_index, i.label, i.completion, i.truncated, i.reward, i.quantile_reward,
        i.standard_error, i.n, i.complete, i.degenerate, i.ref_log_probability, i.token_count,
        i.log_z, i.target, i.text_is_lossy, i.prompt ->> 'tools'
    FROM ogive.training_rows(
        run, beta, transform, ties, 'all', partition_function, mean_spread, snapshot) i
    JOIN ogive.run_policies v ON v.run = raw_rows.run
$$;

COMMENT ON FUNCTION ogive.raw_rows(text, float8, text, text, text, float8, text) IS
    'training_rows with the prompt as the policy got it: every draw and candidate with a '
    'reward, for trainers of your own.';

GRANT EXECUTE ON FUNCTION
    ogive.raw_rows(text, float8, text, text, text, float8, text)
    TO ogive_reader, ogive_writer;
