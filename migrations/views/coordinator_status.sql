CREATE OR REPLACE VIEW ogive.coordinator_status AS
SELECT l.coordinator, l.term, coalesce(l.expires_at > clock_timestamp(), false) AS leads, l.since,
    l.renewed_at, l.expires_at, l.counts
FROM ogive.leadership l;

COMMENT ON VIEW ogive.coordinator_status IS
    'The coordinator that leads, or led last: one row. What it counts since it began to lead.';
COMMENT ON COLUMN ogive.coordinator_status.coordinator IS
    'Host and process id; NULL when the last one resigned.';
COMMENT ON COLUMN ogive.coordinator_status.term IS
    'Its fencing number; 0 before any coordinator led.';
COMMENT ON COLUMN ogive.coordinator_status.leads IS
    'Whether it leads now: its term has not expired.';
COMMENT ON COLUMN ogive.coordinator_status.since IS 'When it began to lead; NULL when it resigned.';
COMMENT ON COLUMN ogive.coordinator_status.renewed_at IS
    'When it last renewed its term; NULL when it resigned.';
COMMENT ON COLUMN ogive.coordinator_status.expires_at IS
    'When its term expires and another one may lead, unless it is renewed before; NULL when it '
    'resigned.';
COMMENT ON COLUMN ogive.coordinator_status.counts IS
    'Totals by name, as of renewed_at: results by outcome, leases that ran out, messages that '
    'were dropped, handshakes that were refused, …';

GRANT SELECT ON ogive.coordinator_status TO ogive_reader, ogive_writer;
