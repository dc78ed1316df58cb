CREATE OR REPLACE VIEW ogive.run_policies AS
SELECT r.name AS run, s.spec #>> '{policy,model}' AS model,
    s.spec #>> '{policy,revision}' AS revision,
    coalesce(s.spec #>> '{policy,api}', 'auto') AS api,
    CASE WHEN a.adopted THEN 'none' ELSE coalesce(s.spec #>> '{policy,logprobs}', 'sum') END
        AS log_probabilities,
    CASE WHEN NOT a.adopted THEN coalesce((s.spec #>> '{parameters,temperature}')::float8, 1) END
        AS temperature,
    NOT a.adopted AND coalesce((s.spec #>> '{parameters,temperature}')::float8, 1) = 1
        AND coalesce((s.spec #>> '{parameters,top_p}')::float8, 1) = 1
        AND coalesce((s.spec #>> '{parameters,top_k}')::bigint, 0) = 0
        AND coalesce((s.spec #>> '{parameters,min_p}')::float8, 0) = 0 AS samples_model,
    r.id AS run_id, r.sampling_id
FROM ogive.runs r
JOIN ogive.samplings s ON s.id = r.sampling_id
CROSS JOIN LATERAL (
    SELECT coalesce(s.spec #>> '{policy,kind}' = 'adopted', false) AS adopted
) a;

COMMENT ON VIEW ogive.run_policies IS
    'The reference policy of each run, and how it was sampled, as far as a trainer has to know.';
COMMENT ON COLUMN ogive.run_policies.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_policies.model IS 'The model as its server calls it.';
COMMENT ON COLUMN ogive.run_policies.revision IS
    'The label that tells two versions of the model apart; NULL without one.';
COMMENT ON COLUMN ogive.run_policies.api IS
    'chat: every prompt was sent as a chat, a plain text as the turn of a user. completions: as '
    'plain text. auto: chats as chats, plain texts as plain texts.';
COMMENT ON COLUMN ogive.run_policies.log_probabilities IS
    'policy.logprobs: none, sum or tokens; none of adopted completions.';
COMMENT ON COLUMN ogive.run_policies.temperature IS
    'Softmax temperature of the draws; NULL of adopted completions, of which nobody knows it.';
COMMENT ON COLUMN ogive.run_policies.samples_model IS
    'Whether draws are of the distribution whose log-probability is stored: temperature 1, and no '
    'top_p, top_k or min_p. False of adopted completions.';
COMMENT ON COLUMN ogive.run_policies.run_id IS 'Number of the run.';
COMMENT ON COLUMN ogive.run_policies.sampling_id IS 'Number of the sampling.';

GRANT SELECT ON ogive.run_policies TO ogive_reader, ogive_writer;
