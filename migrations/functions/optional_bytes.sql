CREATE OR REPLACE FUNCTION ogive.optional_bytes(value float8) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce('\x01'::bytea || float8send(value), '\x00'::bytea)
$$;

COMMENT ON FUNCTION ogive.optional_bytes(float8) IS
    'A number in the checksum of a snapshot: 01 and its 8 bytes (IEEE 754, big-endian), or 00 for '
    'none.';

GRANT EXECUTE ON FUNCTION ogive.optional_bytes(float8) TO ogive_reader, ogive_writer;
