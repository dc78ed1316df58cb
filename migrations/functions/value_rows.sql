CREATE OR REPLACE FUNCTION ogive.value_rows(
    run text, beta float8 DEFAULT 1, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, n integer, complete boolean, value float8,
    standard_error float8, soft_value float8, minimum float8, maximum float8
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, p.content, t.n, t.complete, m.value, m.standard_error,
        ogive.soft_value(t.rewards, beta), t.rewards[1], t.rewards[t.n]
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    CROSS JOIN LATERAL ogive.mean_value(t.rewards) m
    WHERE t.run_id = (SELECT ogive.run_id(value_rows.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(value_rows.run, value_rows.snapshot))
$$;

COMMENT ON FUNCTION ogive.value_rows(text, float8, text) IS
    'Targets for value models: the mean reward of each prompt with its standard error (of a '
    'partial assistant turn the value of that prefix, as in VinePPO, arXiv 2410.01679), and beta '
    'log mean exp(reward / beta) (A*-PO, arXiv 2505.20686).';

GRANT EXECUTE ON FUNCTION ogive.value_rows(text, float8, text) TO ogive_reader, ogive_writer;
