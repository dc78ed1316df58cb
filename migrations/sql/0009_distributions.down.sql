SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.beta_quantile(float8, float8, float8);
DROP FUNCTION ogive.beta_cdf(float8, float8, float8);
DROP FUNCTION ogive.beta_log_power(float8, float8, float8);
DROP FUNCTION ogive.stirling_error(float8);
DROP FUNCTION ogive.log_one_plus(float8);
DROP FUNCTION ogive.normal_quantile(float8);
