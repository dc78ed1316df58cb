CREATE OR REPLACE FUNCTION ogive_internal.record_history(moment timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO ogive.run_history_rows (run_id, at, draws, failures, tokens)
    SELECT r.id, moment, coalesce(s.draws, 0), b.draw_failures, coalesce(
            s.policy_input + s.policy_output + s.scorer_input + s.scorer_output, 0)
    FROM ogive.runs r
    JOIN ogive.scoring_progress b ON b.scoring_id = r.scoring_id
    LEFT JOIN ogive.run_spending_rows s ON s.run_id = r.id
    WHERE r.state = 'open' OR r.finished_at > moment - interval '2 minutes'
    ON CONFLICT DO NOTHING;
    DELETE FROM ogive.run_history_rows h
    WHERE h.at < moment - interval '6 hours' AND EXISTS (
        SELECT FROM ogive.run_history_rows e
        WHERE e.run_id = h.run_id AND e.at < h.at AND e.at >= date_trunc(
            CASE WHEN h.at < moment - interval '14 days' THEN 'day' ELSE 'hour' END, h.at, 'UTC'));
END
$$;

COMMENT ON FUNCTION ogive_internal.record_history(timestamptz) IS
    'Writes a row of the counters of each open run, and thins out old rows: one an hour stays '
    'after 6 hours, one a day after 14 days. The coordinator that leads calls it every minute.';

GRANT EXECUTE ON FUNCTION ogive_internal.record_history(timestamptz) TO ogive_writer;
