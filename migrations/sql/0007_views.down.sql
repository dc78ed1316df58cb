SET LOCAL ROLE ogive_owner;

DROP VIEW ogive.worker_status;
DROP VIEW ogive.run_status;
DROP VIEW ogive.failures;
DROP VIEW ogive.candidates;
DROP VIEW ogive.scored_completions;
DROP VIEW ogive.quantile_tables;
DROP VIEW ogive.prompts;
