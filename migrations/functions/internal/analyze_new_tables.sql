CREATE OR REPLACE FUNCTION ogive_internal.analyze_new_tables() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    count bigint := 0;
BEGIN
    -- A negative reltuples means that neither VACUUM nor ANALYZE saw the table yet.
    FOR name IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'ogive'::regnamespace AND c.relkind = 'r' AND c.reltuples < 0
            AND pg_relation_size(c.oid) > 0
        ORDER BY c.relname
    LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) ogive.%I', name);
        count := count + 1;
    END LOOP;
    RETURN count;
END
$$;

COMMENT ON FUNCTION ogive_internal.analyze_new_tables() IS
    'Tells the planner of tables with rows of which it knows nothing yet, as autovacuum would '
    'within a minute or so; gives their number. Called at the end of a run, so that trainers who '
    'read at once get the plans that all later ones get.';

GRANT EXECUTE ON FUNCTION ogive_internal.analyze_new_tables() TO ogive_writer;
