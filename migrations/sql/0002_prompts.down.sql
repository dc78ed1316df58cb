SET LOCAL ROLE ogive_owner;

DROP TABLE ogive.candidate_rows;
DROP TABLE ogive.prompt_rows;
DROP TABLE ogive.prompt_sets;
