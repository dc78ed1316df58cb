-- The roles stay: other databases of the cluster may use them.
DO $grants$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM ogive_writer', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'the grant of TEMPORARY on database % stays', current_database();
END
$grants$;

SET LOCAL ROLE ogive_owner;

DROP TABLE ogive.migrations;
ALTER DEFAULT PRIVILEGES FOR ROLE ogive_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
DROP SCHEMA ogive;
