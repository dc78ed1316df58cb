SET LOCAL ROLE ogive_owner;

DROP TABLE ogive_internal.lease_key;
