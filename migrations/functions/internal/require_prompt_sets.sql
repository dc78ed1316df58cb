-- The rows of a statement mostly have one set, which is looked for once. It is locked as a foreign
-- key would: nobody removes it before this transaction ends.
CREATE OR REPLACE FUNCTION ogive_internal.require_prompt_sets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted bigint;
BEGIN
    FOR wanted IN SELECT DISTINCT a.prompt_set_id FROM added a LOOP
        PERFORM FROM ogive.prompt_sets s WHERE s.id = wanted FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no prompt set %', wanted
                USING ERRCODE = 'foreign_key_violation', SCHEMA = TG_TABLE_SCHEMA,
                    TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION ogive_internal.require_prompt_sets() IS
    'Refuses prompts whose set is not there: a foreign key that looks once for all rows of a '
    'statement.';
