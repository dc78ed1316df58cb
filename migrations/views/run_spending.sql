CREATE OR REPLACE VIEW ogive.run_spending AS
SELECT v.run, v.state, t.tokens, t.cost,
    CASE WHEN t.factor IS NOT NULL THEN round(t.tokens * t.factor)::bigint END AS estimated_tokens,
    t.cost * t.factor AS estimated_cost, (r.spec #>> '{budget,tokens}')::bigint AS budget_tokens,
    (r.spec #>> '{budget,cost}')::float8 AS budget_cost,
    coalesce(t.tokens >= (r.spec #>> '{budget,tokens}')::bigint, false)
        OR coalesce(t.cost >= (r.spec #>> '{budget,cost}')::float8, false) AS exhausted,
    t.policy_input, t.policy_output, t.scorer_input, t.scorer_output, r.id AS run_id
FROM ogive.runs r
JOIN ogive.run_status v ON v.run_id = r.id
LEFT JOIN ogive.run_spending_rows m ON m.run_id = r.id
CROSS JOIN LATERAL (
    SELECT coalesce(m.policy_input, 0) AS policy_input,
        coalesce(m.policy_output, 0) AS policy_output,
        coalesce(m.scorer_input, 0) AS scorer_input,
        coalesce(m.scorer_output, 0) AS scorer_output,
        coalesce(m.policy_input + m.policy_output + m.scorer_input + m.scorer_output, 0) AS tokens,
        CASE WHEN r.spec ? 'prices' THEN (
            coalesce(m.policy_input * (r.spec #>> '{prices,policy,input}')::float8, 0)
            + coalesce(m.policy_output * (r.spec #>> '{prices,policy,output}')::float8, 0)
            + coalesce(m.scorer_input * (r.spec #>> '{prices,scorer,input}')::float8, 0)
            + coalesce(m.scorer_output * (r.spec #>> '{prices,scorer,output}')::float8, 0)
            ) / 1000000 END AS cost,
        CASE WHEN v.pending = 0 THEN 1
            WHEN m.draws > 0 THEN 1 + v.pending::float8 / m.draws END AS factor) t;

COMMENT ON VIEW ogive.run_spending IS
    'What each run has spent on results that landed, where the servers report them, and what the '
    'whole of it will be. Results that another run had made cost nothing.';
COMMENT ON COLUMN ogive.run_spending.run IS 'Name of the run.';
COMMENT ON COLUMN ogive.run_spending.state IS
    'open while something is pending, budget when it stopped because its budget is spent, '
    'cancelled when a person ended it, else finished.';
COMMENT ON COLUMN ogive.run_spending.tokens IS
    'Tokens of policy and scorer, read and written, where the servers report them.';
COMMENT ON COLUMN ogive.run_spending.cost IS
    'Their cost by the prices of the run''s specification, in the unit of these prices; NULL '
    'without prices.';
COMMENT ON COLUMN ogive.run_spending.estimated_tokens IS
    'Tokens of the whole run if what is pending takes as many as what has landed; NULL while '
    'nothing has landed.';
COMMENT ON COLUMN ogive.run_spending.estimated_cost IS
    'The same as a cost; NULL without prices too.';
COMMENT ON COLUMN ogive.run_spending.budget_tokens IS
    'Tokens that it may spend; NULL without such a budget.';
COMMENT ON COLUMN ogive.run_spending.budget_cost IS 'What it may cost; NULL without such a budget.';
COMMENT ON COLUMN ogive.run_spending.exhausted IS 'Whether the budget is spent.';
COMMENT ON COLUMN ogive.run_spending.policy_input IS 'Tokens of prompts, once for each request.';
COMMENT ON COLUMN ogive.run_spending.policy_output IS 'Tokens of completions.';
COMMENT ON COLUMN ogive.run_spending.scorer_input IS 'Tokens that the scorer read.';
COMMENT ON COLUMN ogive.run_spending.scorer_output IS 'Tokens that the scorer wrote.';
COMMENT ON COLUMN ogive.run_spending.run_id IS 'Number of the run.';

GRANT SELECT ON ogive.run_spending TO ogive_reader, ogive_writer;
