-- Rights know columns, not directions. Members of ogive_owner may repair what a fault left.
CREATE OR REPLACE FUNCTION ogive_internal.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_has_role(current_user, 'ogive_owner', 'MEMBER') THEN
        RAISE EXCEPTION '%', TG_ARGV[0]
            USING ERRCODE = 'insufficient_privilege', SCHEMA = TG_TABLE_SCHEMA,
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

COMMENT ON FUNCTION ogive_internal.refuse_change() IS
    'Refuses a change of committed data to all but members of ogive_owner, with the text that the '
    'trigger gives. The condition of the trigger says which change.';
