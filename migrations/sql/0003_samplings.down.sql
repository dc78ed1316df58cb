SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.drop_sampling_partition(bigint);
DROP FUNCTION ogive.create_sampling_partition(bigint);
DROP TABLE ogive.sampling_progress;
DROP TABLE ogive.completion_rows;
DROP TABLE ogive.samplings;
