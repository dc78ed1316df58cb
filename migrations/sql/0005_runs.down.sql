SET LOCAL ROLE ogive_owner;

DROP TABLE ogive.workers;
DROP TABLE ogive.terms;
DROP TABLE ogive.failure_rows;
DROP TABLE ogive.runs;
