-- The other side of require_prompt_sets.
CREATE OR REPLACE FUNCTION ogive_internal.keep_prompt_set() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM ogive.prompt_rows p WHERE p.prompt_set_id = OLD.id) THEN
        RAISE EXCEPTION 'prompt set % has prompts', OLD.id
            USING ERRCODE = 'foreign_key_violation', SCHEMA = TG_TABLE_SCHEMA,
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

COMMENT ON FUNCTION ogive_internal.keep_prompt_set() IS
    'Refuses to remove or renumber a prompt set that has prompts, as a foreign key would.';
