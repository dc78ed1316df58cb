-- What only the program calls: out of sight of \df ogive.*, and out of reach of readers.
CREATE SCHEMA ogive_internal AUTHORIZATION ogive_owner;

SET LOCAL ROLE ogive_owner;

COMMENT ON SCHEMA ogive_internal IS
    'What the program calls to keep the tables of the schema ogive. Nothing here is for users.';
REVOKE ALL ON SCHEMA ogive_internal FROM PUBLIC;
GRANT USAGE ON SCHEMA ogive_internal TO ogive_writer;

ALTER FUNCTION ogive.create_sampling_partition(bigint) SET SCHEMA ogive_internal;
ALTER FUNCTION ogive.create_scoring_partitions(bigint) SET SCHEMA ogive_internal;
ALTER FUNCTION ogive.analyze_new_tables() SET SCHEMA ogive_internal;

-- `ogive drop` removes data, as the owner and after checks that no function could be trusted to
-- be called with. The writer keeps no right to delete what draws and rewards hang on.
DROP FUNCTION ogive.drop_sampling_partition(bigint);
DROP FUNCTION ogive.drop_scoring_partitions(bigint);
REVOKE DELETE ON ogive.samplings, ogive.sampling_progress, ogive.scorings, ogive.scoring_progress
    FROM ogive_writer;

ALTER TABLE ogive.runs DROP CONSTRAINT runs_state,
    ADD CONSTRAINT runs_state CHECK (state IN ('open', 'finished', 'budget', 'cancelled'));

ALTER TABLE ogive.samplings ADD COLUMN draws_max integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT samplings_draws_max CHECK (draws_max >= 0);
COMMENT ON COLUMN ogive.samplings.draws_max IS
    'The most draws of a prompt that any run ever asked for, dropped runs among them: no draw has '
    'a higher index.';
-- Runs whose names went to others may have asked for more than those that are there: rows tell.
UPDATE ogive.samplings s SET draws_max = greatest(
    coalesce((SELECT max(r.draws) FROM ogive.runs r WHERE r.sampling_id = s.id AND r.samples), 0),
    coalesce((SELECT max(c.draw_index) + 1 FROM ogive.completion_rows c
        WHERE c.sampling_id = s.id), 0));
