SET LOCAL ROLE ogive_owner;

-- Apart from ogive.terms, whose row every landing locks: renewing must not wait for a landing.
CREATE TABLE ogive.leadership (
    only_row boolean NOT NULL DEFAULT true,
    term bigint NOT NULL,
    coordinator text,
    since timestamptz,
    renewed_at timestamptz,
    leads_until timestamptz,
    counts jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT leadership_pkey PRIMARY KEY (only_row),
    CONSTRAINT leadership_only_row CHECK (only_row),
    CONSTRAINT leadership_term CHECK (term >= 0),
    CONSTRAINT leadership_held CHECK (
        num_nulls(coordinator, since, renewed_at, leads_until) IN (0, 4)),
    CONSTRAINT leadership_counts CHECK (jsonb_typeof(counts) = 'object')
) WITH (fillfactor = 10);
COMMENT ON TABLE ogive.leadership IS
    'Which coordinator leads, until when by the clock of the database, and what it counts: one '
    'row. Behind the view ogive.coordinator_status.';
INSERT INTO ogive.leadership (term) SELECT term FROM ogive.terms;

CREATE OR REPLACE VIEW ogive.worker_status AS
SELECT w.id AS worker, w.name, w.state, w.note, w.seen_at, w.term,
    w.term = l.term AS current, l.coordinator
FROM ogive.workers w
CROSS JOIN ogive.leadership l;

ALTER TABLE ogive.terms DROP COLUMN coordinator, DROP COLUMN since;

CREATE VIEW ogive.coordinator_status AS
SELECT l.coordinator, l.term, coalesce(l.leads_until > clock_timestamp(), false) AS leads, l.since,
    l.renewed_at, l.leads_until, l.counts
FROM ogive.leadership l;
COMMENT ON VIEW ogive.coordinator_status IS
    'The coordinator that leads, or led last: one row. What it counts since it began to lead.';
COMMENT ON COLUMN ogive.coordinator_status.coordinator IS
    'Host and process id; NULL when the last one resigned.';
COMMENT ON COLUMN ogive.coordinator_status.term IS 'Its fencing number.';
COMMENT ON COLUMN ogive.coordinator_status.leads IS
    'Whether it leads now: its lease has not run out.';
COMMENT ON COLUMN ogive.coordinator_status.since IS 'When it began to lead.';
COMMENT ON COLUMN ogive.coordinator_status.renewed_at IS 'When it last renewed its lease.';
COMMENT ON COLUMN ogive.coordinator_status.leads_until IS
    'When another one may lead, unless the lease is renewed before.';
COMMENT ON COLUMN ogive.coordinator_status.counts IS
    'Totals by name, as of renewed_at: results by outcome, leases that ran out, messages that '
    'were dropped, handshakes that were refused, …';

GRANT SELECT, UPDATE ON ogive.leadership TO ogive_writer;
GRANT SELECT ON ogive.coordinator_status TO ogive_reader, ogive_writer;
