SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.reward_of_draw(integer[], float8[], integer);
DROP FUNCTION ogive.log_partition(float8, text);
DROP FUNCTION ogive.quantile(float8[], float8);
DROP FUNCTION ogive.quantile_reward(float8[], float8, text);
DROP FUNCTION ogive.quantile_reward(float8[], float8);
