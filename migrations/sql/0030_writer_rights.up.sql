SET LOCAL ROLE ogive_owner;

-- The writer changes the columns that its work changes, and no others: what draws and rewards hang
-- on stays as it was. Texts of prompts and candidates, specifications and names are written once.
REVOKE UPDATE ON ogive.prompt_sets, ogive.prompt_rows, ogive.candidate_rows, ogive.samplings,
    ogive.scorings, ogive.runs, ogive.failure_rows FROM ogive_writer;
GRANT UPDATE (prompts, candidates) ON ogive.prompt_sets TO ogive_writer;
GRANT UPDATE (candidate_count) ON ogive.prompt_rows TO ogive_writer;
GRANT UPDATE (policy_fingerprint, draws_max) ON ogive.samplings TO ogive_writer;
GRANT UPDATE (scorer_fingerprint) ON ogive.scorings TO ogive_writer;
GRANT UPDATE (spec, draws, min_draws, raised_draws, weight, samples, scores_candidates,
    candidate_log_probabilities, submitted_at, finished_at, state) ON ogive.runs TO ogive_writer;
-- What a run spent goes with the run, and not before: its budget counts on it.
REVOKE DELETE ON ogive.run_spending_rows FROM ogive_writer;

-- Rights know columns, not directions. Members of ogive_owner may repair what a fault left.
CREATE FUNCTION ogive_internal.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_has_role(current_user, 'ogive_owner', 'MEMBER') THEN
        RAISE EXCEPTION '%', TG_ARGV[0]
            USING ERRCODE = 'insufficient_privilege', SCHEMA = TG_TABLE_SCHEMA,
                TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION ogive_internal.refuse_change() IS
    'Refuses a change of committed data to all but members of ogive_owner, with the text that the '
    'trigger gives. The condition of the trigger says which change.';

CREATE TRIGGER terms_rise BEFORE UPDATE ON ogive.terms
    FOR EACH ROW WHEN (NEW.term IS DISTINCT FROM OLD.term + 1)
    EXECUTE FUNCTION ogive_internal.refuse_change('a term only rises, one at a time');
CREATE TRIGGER leadership_rises BEFORE UPDATE ON ogive.leadership
    FOR EACH ROW WHEN (NEW.term < OLD.term)
    EXECUTE FUNCTION ogive_internal.refuse_change('a former term does not lead again');
CREATE TRIGGER samplings_stay BEFORE UPDATE ON ogive.samplings
    FOR EACH ROW WHEN (NEW.draws_max < OLD.draws_max OR OLD.policy_fingerprint IS NOT NULL
        AND NEW.policy_fingerprint IS DISTINCT FROM OLD.policy_fingerprint)
    EXECUTE FUNCTION ogive_internal.refuse_change('a sampling keeps its policy fingerprint and '
        'the most draws that were asked for');
CREATE TRIGGER scorings_stay BEFORE UPDATE ON ogive.scorings
    FOR EACH ROW WHEN (OLD.scorer_fingerprint IS NOT NULL
        AND NEW.scorer_fingerprint IS DISTINCT FROM OLD.scorer_fingerprint)
    EXECUTE FUNCTION ogive_internal.refuse_change('a scoring keeps its scorer fingerprint');
CREATE TRIGGER quantile_table_rows_grow BEFORE UPDATE ON ogive.quantile_table_rows
    FOR EACH ROW WHEN (NEW.n < OLD.n OR NEW.complete_to < OLD.complete_to
        OR NEW.prompt_id <> OLD.prompt_id OR NEW.scoring_id <> OLD.scoring_id)
    EXECUTE FUNCTION ogive_internal.refuse_change('a table of rewards only grows');
CREATE TRIGGER candidate_log_probability_rows_stay
    BEFORE DELETE ON ogive.candidate_log_probability_rows
    FOR EACH ROW WHEN (OLD.code IS NULL)
    EXECUTE FUNCTION ogive_internal.refuse_change('a log-probability stays; only failures go');
