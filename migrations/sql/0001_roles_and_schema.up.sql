-- Roles are cluster-wide: another database of the cluster may have made them, perhaps just now.
DO $roles$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['ogive_owner', 'ogive_writer', 'ogive_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                RAISE DEBUG 'role % was made by another session', role_name;
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, 'ogive_owner', 'MEMBER') THEN
        EXECUTE format('GRANT ogive_owner TO %I', current_user);
    END IF;
    IF NOT pg_has_role(current_user, 'ogive_writer', 'MEMBER') THEN
        EXECUTE format('GRANT ogive_writer TO %I', current_user);
    END IF;
    -- Landing and import stage their rows in temporary tables, which hardened databases forbid.
    BEGIN
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO ogive_writer', current_database());
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'ask the owner of database % to GRANT TEMPORARY on it to ogive_writer',
            current_database();
    END;
END
$roles$;

CREATE SCHEMA ogive AUTHORIZATION ogive_owner;

SET LOCAL ROLE ogive_owner;

COMMENT ON SCHEMA ogive IS
    'Rewards of reference completions, one distribution a prompt. The views and functions are the '
    'stable contract; the tables behind them may change.';

REVOKE ALL ON SCHEMA ogive FROM PUBLIC;
GRANT USAGE ON SCHEMA ogive TO ogive_writer, ogive_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE ogive_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE TABLE ogive.migrations (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT migrations_pkey PRIMARY KEY (number),
    CONSTRAINT migrations_number_positive CHECK (number > 0)
);
COMMENT ON TABLE ogive.migrations IS 'The migrations that are in force in this database.';
GRANT SELECT ON ogive.migrations TO ogive_writer, ogive_reader;
