-- What proves to a coordinator that an earlier one granted a lease. Readers cannot see it.
SET LOCAL ROLE ogive_owner;

CREATE TABLE ogive_internal.lease_key (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    key bytea NOT NULL CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE ogive_internal.lease_key IS
    'The secret of the proofs of leases. Another one makes all leases worthless that workers hold.';
-- Two random numbers of 122 bits, from the system's source of randomness.
INSERT INTO ogive_internal.lease_key (key)
SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
REVOKE ALL ON ogive_internal.lease_key FROM PUBLIC;
GRANT SELECT ON ogive_internal.lease_key TO ogive_writer;
