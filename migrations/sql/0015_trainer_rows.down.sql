SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.prompt_features(text);
DROP FUNCTION ogive.value_rows(text, float8);
DROP FUNCTION ogive.preference_pairs(text, text, integer, integer, bigint);
DROP FUNCTION ogive.choose_pairs(text, float8[], float8[], text[], integer, integer, text);
DROP FUNCTION ogive.training_rows(text, float8, text, text, text, text, float8);
DROP FUNCTION ogive.mean_reward_spread(text);
DROP FUNCTION ogive.reward_spread(float8[]);
DROP FUNCTION ogive.is_one_of(text, text, text[]);
DROP FUNCTION ogive.run_id(text);
