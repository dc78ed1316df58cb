SET LOCAL ROLE ogive_owner;

DROP TRIGGER terms_rise ON ogive.terms;
DROP TRIGGER leadership_rises ON ogive.leadership;
DROP TRIGGER samplings_stay ON ogive.samplings;
DROP TRIGGER scorings_stay ON ogive.scorings;
DROP TRIGGER quantile_table_rows_grow ON ogive.quantile_table_rows;
DROP TRIGGER candidate_log_probability_rows_stay ON ogive.candidate_log_probability_rows;
DROP FUNCTION ogive_internal.refuse_change();

GRANT DELETE ON ogive.run_spending_rows TO ogive_writer;
GRANT UPDATE ON ogive.prompt_sets, ogive.prompt_rows, ogive.candidate_rows, ogive.samplings,
    ogive.scorings, ogive.runs, ogive.failure_rows TO ogive_writer;
