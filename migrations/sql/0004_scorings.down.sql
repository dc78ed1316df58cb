SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.drop_scoring_partitions(bigint);
DROP FUNCTION ogive.create_scoring_partitions(bigint);
DROP TABLE ogive.scoring_progress;
DROP TABLE ogive.candidate_reward_rows;
DROP TABLE ogive.quantile_table_rows;
DROP TABLE ogive.scorings;
