CREATE OR REPLACE VIEW ogive.worker_status AS
SELECT w.id AS worker, w.name, w.state, w.note, w.seen_at, w.term,
    w.term = l.term AS current, l.coordinator, w.outages AS unavailable_endpoints
FROM ogive.workers w
CROSS JOIN ogive.leadership l;

COMMENT ON VIEW ogive.worker_status IS 'Worker incarnations as the coordinator last saw them.';
COMMENT ON COLUMN ogive.worker_status.worker IS 'The incarnation.';
COMMENT ON COLUMN ogive.worker_status.name IS 'Host and process id, as the worker says.';
COMMENT ON COLUMN ogive.worker_status.state IS 'active, idle, draining, left or lost.';
COMMENT ON COLUMN ogive.worker_status.note IS 'Why it gets no work; NULL when it may get some.';
COMMENT ON COLUMN ogive.worker_status.seen_at IS 'When its state was last recorded.';
COMMENT ON COLUMN ogive.worker_status.term IS 'The term of the coordinator that recorded it.';
COMMENT ON COLUMN ogive.worker_status.current IS 'Whether that coordinator still leads.';
COMMENT ON COLUMN ogive.worker_status.coordinator IS
    'The coordinator that leads; NULL when the last one resigned.';
COMMENT ON COLUMN ogive.worker_status.unavailable_endpoints IS
    'Endpoints of its models that get no requests for now: objects with model, endpoint, code, '
    'message and since, the time since when no request to it was answered.';

GRANT SELECT ON ogive.worker_status TO ogive_reader, ogive_writer;
