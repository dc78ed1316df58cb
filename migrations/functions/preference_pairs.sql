CREATE OR REPLACE FUNCTION ogive.preference_pairs(
    run text, strategy text DEFAULT 'labels', k integer DEFAULT 6, pairs integer DEFAULT 1,
    seed bigint DEFAULT 0, snapshot text DEFAULT NULL
)
RETURNS TABLE (
    prompt_id bigint, prompt_key text, prompt jsonb, pair_index integer,
    chosen text, rejected text, chosen_kind text, chosen_index integer, rejected_kind text,
    rejected_index integer, chosen_reward float8, rejected_reward float8, reward_gap float8,
    chosen_quantile_reward float8, rejected_quantile_reward float8,
    ref_chosen_log_probability float8, ref_rejected_log_probability float8, n integer,
    rewards float8[], draw_rewards float8[], chosen_truncated boolean,
    rejected_truncated boolean, text_is_lossy boolean
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    SELECT t.prompt_id, t.prompt_key, p.content, c.pair_index, g.text, b.text, g.kind, g.index,
        b.kind, b.index, g.reward, b.reward, g.reward - b.reward,
        ogive.quantile_reward(t.rewards, g.reward), ogive.quantile_reward(t.rewards, b.reward),
        g.log_probability, b.log_probability, t.n, t.rewards, t.draw_rewards, g.truncated,
        b.truncated, g.text_is_lossy OR b.text_is_lossy
    FROM ogive.run_tables t
    JOIN ogive.prompts p ON p.prompt_id = t.prompt_id
    CROSS JOIN LATERAL (
        SELECT s.pair_index, s.chosen, s.rejected
        FROM ogive.choose_pairs(
            strategy, t.draw_rewards, t.candidate_rewards, '{}', k, pairs,
            seed || ' ' || t.prompt_key) s
        UNION ALL
        SELECT s.pair_index, t.n + array_position(t.candidate_indexes, s.chosen_index),
            t.n + array_position(t.candidate_indexes, s.rejected_index)
        FROM ogive.candidate_pairs s
        WHERE strategy = 'labels' AND s.prompt_id = t.prompt_id
            AND s.chosen_index = ANY (t.candidate_indexes)
            AND s.rejected_index = ANY (t.candidate_indexes)
    ) c
    CROSS JOIN LATERAL (
        SELECT 'draw' AS kind, d.draw_index AS index, d.text,
            t.draw_rewards[c.chosen] AS reward, d.log_probability,
            d.truncated, d.text_is_lossy
        FROM ogive.run_completions d
        WHERE d.run_id = t.run_id AND d.prompt_id = t.prompt_id
            AND d.draw_index = t.draw_indexes[c.chosen]
        UNION ALL
        SELECT 'candidate', x.candidate_index, x.text, t.candidate_rewards[c.chosen - t.n],
            t.candidate_log_probabilities[c.chosen - t.n], NULL, false
        FROM ogive.candidates x
        WHERE x.run_id = t.run_id AND x.prompt_id = t.prompt_id
            AND x.candidate_index = t.candidate_indexes[c.chosen - t.n]
    ) g
    CROSS JOIN LATERAL (
        SELECT 'draw' AS kind, d.draw_index AS index, d.text,
            t.draw_rewards[c.rejected] AS reward, d.log_probability,
            d.truncated, d.text_is_lossy
        FROM ogive.run_completions d
        WHERE d.run_id = t.run_id AND d.prompt_id = t.prompt_id
            AND d.draw_index = t.draw_indexes[c.rejected]
        UNION ALL
        SELECT 'candidate', x.candidate_index, x.text, t.candidate_rewards[c.rejected - t.n],
            t.candidate_log_probabilities[c.rejected - t.n], NULL, false
        FROM ogive.candidates x
        WHERE x.run_id = t.run_id AND x.prompt_id = t.prompt_id
            AND x.candidate_index = t.candidate_indexes[c.rejected - t.n]
    ) b
    WHERE t.run_id = (SELECT ogive.run_id(preference_pairs.run))
        AND t.snapshot_id = (
            SELECT ogive.snapshot_id(preference_pairs.run, preference_pairs.snapshot))
        AND ogive.is_one_of('strategy', strategy,
            'labels', 'best-worst', 'first-two', 'consecutive', 'balanced')
$$;

COMMENT ON FUNCTION ogive.preference_pairs(text, text, integer, integer, bigint, text) IS
    'Pairs for DPO and its kin, and for QRPO in pairs: by the strategy labels those of '
    'candidate_pairs, by others those of choose_pairs; reward_gap is what REBEL regresses on '
    '(arXiv 2404.16767). The same seed gives the same pairs. snapshot: one of ogive.snapshots in '
    'place of what is there now.';

GRANT EXECUTE ON FUNCTION ogive.preference_pairs(text, text, integer, integer, bigint, text)
    TO ogive_reader, ogive_writer;
