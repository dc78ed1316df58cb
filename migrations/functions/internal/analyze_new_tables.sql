CREATE OR REPLACE FUNCTION ogive_internal.analyze_new_tables() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    columns text;
    count bigint := 0;
BEGIN
    -- A negative reltuples means that neither VACUUM nor ANALYZE saw the table yet.
    -- Tables are joined by numbers: what arrays and texts hold takes the most time to find out,
    -- and waits for autovacuum.
    FOR name, columns IN SELECT c.relname, x.columns FROM pg_class c
        CROSS JOIN LATERAL (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
            FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attlen > 0 AND NOT a.attisdropped) x
        WHERE c.relnamespace = 'ogive'::regnamespace AND c.relkind = 'r' AND c.reltuples < 0
            AND pg_relation_size(c.oid) > 0
        ORDER BY c.relname
    LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) ogive.%I%s', name, ' (' || columns || ')');
        count := count + 1;
    END LOOP;
    RETURN count;
END
$$;

COMMENT ON FUNCTION ogive_internal.analyze_new_tables() IS
    'Tells the planner of the numbers in tables with rows of which it knows nothing yet, as '
    'autovacuum would of all columns within a minute or so; gives how many tables there were. '
    'Called at the end of a run, so that trainers who read at once get the plans that all later '
    'ones get.';

GRANT EXECUTE ON FUNCTION ogive_internal.analyze_new_tables() TO ogive_writer;
