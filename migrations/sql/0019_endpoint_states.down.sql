SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.worker_status;
CREATE VIEW ogive.worker_status AS
SELECT w.id AS worker, w.name, w.state, w.note, w.seen_at, w.term,
    w.term = l.term AS current, l.coordinator
FROM ogive.workers w
CROSS JOIN ogive.leadership l;
COMMENT ON VIEW ogive.worker_status IS 'Worker incarnations as the coordinator last saw them.';
COMMENT ON COLUMN ogive.worker_status.worker IS 'The incarnation.';
COMMENT ON COLUMN ogive.worker_status.name IS 'Host and process id, as the worker says.';
COMMENT ON COLUMN ogive.worker_status.state IS 'active, idle, draining, left or lost.';
COMMENT ON COLUMN ogive.worker_status.note IS 'Why it gets no work.';
COMMENT ON COLUMN ogive.worker_status.seen_at IS 'When its state was last recorded.';
COMMENT ON COLUMN ogive.worker_status.term IS 'The term of the coordinator that recorded it.';
COMMENT ON COLUMN ogive.worker_status.current IS 'Whether that coordinator still leads.';
COMMENT ON COLUMN ogive.worker_status.coordinator IS 'The coordinator that leads.';
GRANT SELECT ON ogive.worker_status TO ogive_reader, ogive_writer;

ALTER TABLE ogive.workers DROP CONSTRAINT workers_shut, DROP COLUMN shut;
