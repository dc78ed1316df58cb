-- The roles stay: other databases of the cluster may use them.
SET LOCAL ROLE ogive_owner;

DROP TABLE ogive.migrations;
ALTER DEFAULT PRIVILEGES FOR ROLE ogive_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
DROP SCHEMA ogive;
