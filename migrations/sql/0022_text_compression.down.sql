SET LOCAL ROLE ogive_owner;

ALTER TABLE ogive.completion_rows ALTER COLUMN text SET COMPRESSION default;
