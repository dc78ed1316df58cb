-- Removes the schema with all data, whichever version made it; a login that is a member of
-- ogive_owner may. Roles go only where nothing else uses them: other databases of the cluster
-- may, and logins that were granted one.
DO $uninstall$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM ogive_writer', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the grant of TEMPORARY on database % stays', current_database();
END
$uninstall$;

DROP SCHEMA IF EXISTS ogive_internal, ogive CASCADE;
ALTER DEFAULT PRIVILEGES FOR ROLE ogive_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC;

DO $uninstall$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['ogive_reader', 'ogive_writer', 'ogive_owner'] LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_shdepend d
            WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = role_name::regrole
        ) OR EXISTS (
            SELECT FROM pg_auth_members m
            WHERE m.roleid = role_name::regrole AND m.member <> current_user::regrole
        );
        BEGIN
            EXECUTE format('DROP ROLE %I', role_name);
        EXCEPTION WHEN insufficient_privilege OR dependent_objects_still_exist THEN
            RAISE NOTICE 'role % stays', role_name;
        END;
    END LOOP;
END
$uninstall$;
