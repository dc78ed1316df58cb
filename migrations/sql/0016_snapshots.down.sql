SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.snapshot_tables;
DROP VIEW ogive.snapshots;
DROP FUNCTION ogive.make_snapshot(text, text, timestamptz, boolean, text);
DROP FUNCTION ogive.asked_draws(bigint, bigint);
DROP FUNCTION ogive.prompt_sha256(
    bigint, bigint, integer[], float8[], integer[], integer[], float8[], float8[]);
DROP FUNCTION ogive.optional_bytes(float8);
DROP TABLE ogive.snapshot_table_rows;
DROP TABLE ogive.snapshot_rows;
