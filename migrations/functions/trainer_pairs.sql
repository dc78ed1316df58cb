CREATE OR REPLACE FUNCTION ogive.trainer_pairs(
    run text, strategy text DEFAULT 'labels', k integer DEFAULT 6, pairs integer DEFAULT 1,
    seed bigint DEFAULT 0, min_gap float8 DEFAULT NULL, drop_equal boolean DEFAULT false,
    n_ref integer DEFAULT NULL, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, pair_index integer, content jsonb, api text,
    is_chat boolean, is_continued boolean, tools text, chosen text, rejected text,
    chosen_reward float8, rejected_reward float8, reward_gap float8,
    chosen_quantile_reward float8, rejected_quantile_reward float8, ref_rewards float8[],
    ref_chosen_logps float8, ref_rejected_logps float8, missing text
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT p.prompt_id, p.prompt_key, p.pair_index, p.prompt, v.api,
        p.prompt ? 'messages' OR v.api = 'chat', c.is_continued, p.prompt ->> 'tools',
        p.chosen, p.rejected, p.chosen_reward, p.rejected_reward, p.reward_gap,
        CASE WHEN n_ref IS NULL THEN p.chosen_quantile_reward
            ELSE ogive.share_at_most(p.draw_rewards[1:n_ref], p.chosen_reward) END,
        CASE WHEN n_ref IS NULL THEN p.rejected_quantile_reward
            ELSE ogive.share_at_most(p.draw_rewards[1:n_ref], p.rejected_reward) END,
        CASE WHEN n_ref IS NULL THEN p.draw_rewards ELSE p.draw_rewards[1:n_ref] END,
        CASE WHEN m.missing IS NULL THEN p.ref_chosen_log_probability END,
        CASE WHEN m.missing IS NULL THEN p.ref_rejected_log_probability END, m.missing
    FROM ogive.preference_pairs(run, strategy, k, pairs, seed, snapshot) p
    JOIN ogive.run_policies v ON v.run = trainer_pairs.run
    CROSS JOIN LATERAL (
        SELECT coalesce(p.prompt #>> '{messages,-1,role}' = 'assistant', false) AS is_continued
    ) c
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.text_is_lossy THEN 'lossy text'
            WHEN p.ref_chosen_log_probability IS NULL OR p.ref_rejected_log_probability IS NULL
                THEN 'not stored'
            WHEN NOT v.samples_model THEN 'other distribution'
            WHEN c.is_continued THEN 'partial turn'
            WHEN p.chosen_truncated OR p.rejected_truncated THEN 'truncated'
            END AS missing
    ) m
    WHERE NOT ogive.has_tool_calls(p.prompt) AND (n_ref IS NULL OR p.n >= n_ref)
        AND (min_gap IS NULL OR p.reward_gap >= min_gap)
        AND NOT (drop_equal AND (p.reward_gap = 0 OR p.chosen = p.rejected))
$$;

COMMENT ON FUNCTION
    ogive.trainer_pairs(text, text, integer, integer, bigint, float8, boolean, integer, text)
    IS
    'What the functions for trainers of pairs make their columns of: preference_pairs with '
    'what a trainer has to know of the prompt. min_gap: the least reward_gap. drop_equal: no '
    'pairs of equal rewards or equal texts. n_ref: the first n_ref reference rewards, of '
    'prompts with as many, and quantile rewards by them. The log-probabilities are NULL where '
    'missing says why a trainer''s own would be another number: not stored, lossy text, other '
    'distribution (the draws are not of the model at temperature 1), partial turn (the prompt '
    'ends in one), truncated (trainers put an end behind it).';

GRANT EXECUTE ON FUNCTION
    ogive.trainer_pairs(text, text, integer, integer, bigint, float8, boolean, integer, text)
    TO ogive_reader, ogive_writer;
