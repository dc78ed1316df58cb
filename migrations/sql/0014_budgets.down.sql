SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.run_spending;
DROP TABLE ogive.run_spending_rows;
ALTER TABLE ogive.completion_rows DROP COLUMN prompt_tokens;
UPDATE ogive.runs SET state = 'open' WHERE state = 'budget';
ALTER TABLE ogive.runs DROP CONSTRAINT runs_state,
    ADD CONSTRAINT runs_state CHECK (state IN ('open', 'finished'));
COMMENT ON COLUMN ogive.run_status.state IS 'open while something is pending, else finished.';
