CREATE OR REPLACE FUNCTION ogive_internal.draw_counts(run bigint)
RETURNS TABLE (draws bigint, tokens bigint, truncated bigint)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    SELECT * INTO r FROM ogive.runs x WHERE x.id = run;
    RETURN QUERY EXECUTE 'SELECT count(*), coalesce(sum(c.token_count), 0)::bigint,
            count(*) FILTER (WHERE c.finish_reason = ''length'')
        FROM ogive.completion_rows c
        LEFT JOIN ogive.prompt_target_rows t ON t.run_id = $2 AND t.prompt_id = c.prompt_id
        WHERE c.sampling_id = $1 AND c.draw_index < coalesce(t.draws, $3)'
        USING r.sampling_id, run, coalesce(r.min_draws, r.draws);
END
$$;

COMMENT ON FUNCTION ogive_internal.draw_counts(bigint) IS
    'Counts a run''s own completions in the rows, where counters are of other runs'' draws too.';

GRANT EXECUTE ON FUNCTION ogive_internal.draw_counts(bigint) TO ogive_reader, ogive_writer;
