SET LOCAL ROLE ogive_owner;

-- Texts of more than about 2 kB are compressed. With pglz, the default, that is half of what a
-- landing of long texts takes; lz4 is several times as fast, writing and reading. Only new
-- partitions take it over. A server that was built without it keeps the default.
DO $$
BEGIN
    ALTER TABLE ogive.completion_rows ALTER COLUMN text SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this server has no lz4: texts are compressed with pglz';
END
$$;
