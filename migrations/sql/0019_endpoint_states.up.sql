SET LOCAL ROLE ogive_owner;

ALTER TABLE ogive.workers ADD COLUMN shut jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT workers_shut CHECK (jsonb_typeof(shut) = 'array');

CREATE OR REPLACE VIEW ogive.worker_status AS
SELECT w.id AS worker, w.name, w.state, w.note, w.seen_at, w.term,
    w.term = l.term AS current, l.coordinator, w.shut AS shut_endpoints
FROM ogive.workers w
CROSS JOIN ogive.leadership l;
COMMENT ON COLUMN ogive.worker_status.shut_endpoints IS
    'Endpoints of its models that get no requests for now: objects with model, endpoint, code, '
    'message and since, the time since when no request to it was answered.';
