SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.stored_data;
DROP INDEX ogive.workers_seen_at;
COMMENT ON TABLE ogive.workers IS
    'Worker incarnations as the coordinator last saw them.';
