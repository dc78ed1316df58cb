SET LOCAL ROLE ogive_owner;

DROP FUNCTION ogive.analyze_new_tables();
