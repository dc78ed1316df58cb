SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.coordinator_status;
ALTER TABLE ogive.terms ADD COLUMN coordinator text, ADD COLUMN since timestamptz;

CREATE OR REPLACE VIEW ogive.worker_status AS
SELECT w.id AS worker, w.name, w.state, w.note, w.seen_at, w.term,
    w.term = t.term AS current, t.coordinator
FROM ogive.workers w
CROSS JOIN ogive.terms t;

DROP TABLE ogive.leadership;
