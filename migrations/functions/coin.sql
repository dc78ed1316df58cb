CREATE OR REPLACE FUNCTION ogive.coin(seed bigint, name text) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT ('x' || substr(md5(seed || ' ' || name), 1, 13))::bit(52)::bigint / 2::float8 ^ 52
$$;

COMMENT ON FUNCTION ogive.coin(bigint, text) IS
    'A number in [0, 1) that seed and name decide, the same on every machine: 52 bits of their '
    'hash.';

GRANT EXECUTE ON FUNCTION ogive.coin(bigint, text) TO ogive_reader, ogive_writer;
