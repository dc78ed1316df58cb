CREATE OR REPLACE VIEW ogive.run_slot_time AS
SELECT r.name AS run, t.stage, t.waits_for, t.milliseconds / 1000.0::float8 AS seconds,
    t.milliseconds / nullif(sum(t.milliseconds) OVER (PARTITION BY t.run_id, t.stage), 0)::float8
        AS share,
    (t.stage, t.waits_for) IN (('sample', 'policy'), ('score', 'scorer')) AS busy, t.run_id
FROM ogive.run_slot_time_rows t
JOIN ogive.runs r ON r.id = t.run_id;

COMMENT ON VIEW ogive.run_slot_time IS
    'What the slots of workers waited for while the workers served a run that was open: how much '
    'of the allocated time was used. A slot is a place for one request to the policy, or for one '
    'batch to the scorer. The time of a worker that serves several runs goes to those that it has '
    'leases of, by their number.';
COMMENT ON COLUMN ogive.run_slot_time.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_slot_time.stage IS 'What the slots are for: sample or score.';
COMMENT ON COLUMN ogive.run_slot_time.waits_for IS
    'policy, scorer, coordinator, or nothing: there was no work.';
COMMENT ON COLUMN ogive.run_slot_time.seconds IS 'The time of all slots together.';
COMMENT ON COLUMN ogive.run_slot_time.share IS 'Its share of the time of the stage''s slots.';
COMMENT ON COLUMN ogive.run_slot_time.busy IS
    'Whether the slots were busy: they waited for the model that their stage is for.';
COMMENT ON COLUMN ogive.run_slot_time.run_id IS 'Number of the run.';

GRANT SELECT ON ogive.run_slot_time TO ogive_reader, ogive_writer;
