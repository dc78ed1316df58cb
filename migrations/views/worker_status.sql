CREATE OR REPLACE VIEW ogive.worker_status AS
SELECT w.id AS worker, w.name, w.state, w.note, w.seen_at, w.term,
    w.term = l.term AS current, l.coordinator, w.outages AS unavailable_endpoints,
    w.site ->> 'host' AS host, nullif(w.site ->> 'job', '') AS job, w.site ->> 'version' AS version,
    ARRAY(SELECT jsonb_array_elements_text(w.site -> 'endpoints')) AS endpoints,
    (w.load ->> 'sample_slots')::int AS sample_slots,
    (w.load ->> 'score_slots')::int AS score_slots,
    (w.load ->> 'draws')::bigint AS draws, (w.load ->> 'tokens')::bigint AS tokens,
    (w.load ->> 'draws_per_second')::float8 AS draws_per_second,
    (w.load ->> 'tokens_per_second')::float8 AS tokens_per_second,
    ((w.load #>> '{recent_slot_seconds,sample,policy}')::float8
        + (w.load #>> '{recent_slot_seconds,score,scorer}')::float8) / nullif(t.seconds, 0)
        AS busy_share,
    w.load -> 'recent_slot_seconds' AS waits, w.load -> 'slot_seconds' AS slot_seconds
FROM ogive.workers w
CROSS JOIN ogive.leadership l
CROSS JOIN LATERAL (
    SELECT sum(e.value::float8) AS seconds
    FROM jsonb_each(w.load -> 'recent_slot_seconds') s(stage, sides)
    CROSS JOIN LATERAL jsonb_each_text(s.sides) e(side, value)
) t;

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
COMMENT ON COLUMN ogive.worker_status.host IS 'The host that it runs on, as it says.';
COMMENT ON COLUMN ogive.worker_status.job IS
    'The job of a batch system that it is part of; NULL outside of one.';
COMMENT ON COLUMN ogive.worker_status.version IS 'Version of its program.';
COMMENT ON COLUMN ogive.worker_status.endpoints IS 'The addresses of the servers that it uses.';
COMMENT ON COLUMN ogive.worker_status.sample_slots IS
    'Tasks that it can sample at once; NULL before it reported.';
COMMENT ON COLUMN ogive.worker_status.score_slots IS
    'Batches that it can score at once; NULL before it reported.';
COMMENT ON COLUMN ogive.worker_status.draws IS
    'Draws of it that landed since it began; NULL before it reported.';
COMMENT ON COLUMN ogive.worker_status.tokens IS
    'Tokens of their completions, where the servers report them; NULL before it reported.';
COMMENT ON COLUMN ogive.worker_status.draws_per_second IS
    'Draws a second in the last 15 to 30 seconds; NULL before it reported twice.';
COMMENT ON COLUMN ogive.worker_status.tokens_per_second IS
    'Tokens a second in the same time; NULL before it reported twice.';
COMMENT ON COLUMN ogive.worker_status.busy_share IS
    'Share of the time of its slots, of late, in which their model worked for them; NULL before it '
    'reported.';
COMMENT ON COLUMN ogive.worker_status.waits IS
    'Seconds that its slots waited of late, all together, by stage (sample, score) and by what for '
    '(policy, scorer, coordinator, nothing); NULL before it reported.';
COMMENT ON COLUMN ogive.worker_status.slot_seconds IS 'The same since it began.';

GRANT SELECT ON ogive.worker_status TO ogive_reader, ogive_writer;
