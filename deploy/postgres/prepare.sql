-- What a database administrator runs once, so that `ogive migrate up` needs neither a superuser nor
-- CREATEROLE: the roles, a login for the coordinator, and a database. What is there stays.
--
--     psql --set database=ogive --set login=ogive -f prepare.sql "$SUPERUSER_URL"
--
-- Set the login's password afterwards: \password ogive
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I NOLOGIN', name)
FROM unnest(ARRAY['ogive_owner', 'ogive_writer', 'ogive_reader']) name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
SELECT format('CREATE ROLE %I LOGIN', :'login')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login')
\gexec
SELECT format('CREATE DATABASE %I', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec

-- It migrates, and does the coordinator's work.
GRANT ogive_owner, ogive_writer TO :"login";
-- It makes the schemas, and stages what it imports and lands in temporary tables.
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"database" TO :"login";
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO ogive_writer;
GRANT CONNECT ON DATABASE :"database" TO ogive_reader;
