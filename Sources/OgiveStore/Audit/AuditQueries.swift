/// SQL that proves a run complete from the rows themselves, not from counters.
enum AuditQueries {
    /// To the end of the transaction. Whole tables are joined: without statistics, as in the first
    /// minute of a run, the planner would compare each row with each other one.
    static let joinByHash = "SELECT set_config('enable_nestloop', 'off', true)"

    /// The largest number of draws that any run asks of all prompts of the sampling, or asked
    /// before it was dropped. $1 sampling.
    static let drawsMax = """
        SELECT CASE WHEN s.draws_max > max(r.draws) THEN s.draws_max
            ELSE max(coalesce(r.min_draws, r.draws)) END AS draws
        FROM ogive.samplings s
        JOIN ogive.runs r ON r.sampling_id = s.id
        WHERE s.id = $1 GROUP BY s.draws_max
        """

    /// Draws without a reward, with the failure when there is one. $1 prompt set, $2 sampling, $3
    /// scoring, $4 draws of prompts without a target of their own, $5 run. That complete_to may be
    /// trusted is shown by `tables`.
    static let missingDraws = """
        SELECT p.id AS prompt_id, p.key AS prompt_key, d.draw_index AS item_index,
            'draw' AS item_kind, c.draw_index IS NOT NULL AS has_text, f.stage, f.code, f.message,
            coalesce(g.draws, $4::integer) AS target
        FROM ogive.prompt_rows p
        LEFT JOIN ogive_internal.whole_tables t ON t.scoring_id = $3 AND t.prompt_id = p.id
        LEFT JOIN ogive.prompt_target_rows g ON g.run_id = $5 AND g.prompt_id = p.id
        CROSS JOIN LATERAL generate_series(0, coalesce(g.draws, $4::integer) - 1) d(draw_index)
        LEFT JOIN ogive.completion_rows c ON c.sampling_id = $2 AND c.prompt_id = p.id
            AND c.draw_index = d.draw_index
        LEFT JOIN ogive.failure_rows f ON f.scoring_id = $3 AND f.prompt_id = p.id
            AND f.item_kind = 'draw' AND f.item_index = d.draw_index
        WHERE p.prompt_set_id = $1
            AND (t.prompt_id IS NULL OR t.complete_to < coalesce(g.draws, $4::integer))
            AND NOT coalesce(d.draw_index = ANY(t.draw_indexes), false)
        ORDER BY p.id, d.draw_index
        """
    /// Candidates without a reward. $1 prompt set, $2 scoring.
    static let missingCandidates = """
        SELECT p.id AS prompt_id, p.key AS prompt_key, k.candidate_index AS item_index,
            'candidate' AS item_kind, true AS has_text, f.stage, f.code, f.message,
            0 AS target
        FROM ogive.prompt_rows p
        JOIN ogive.candidate_rows k ON k.prompt_id = p.id
        LEFT JOIN ogive.candidate_reward_rows w ON w.scoring_id = $2 AND w.prompt_id = p.id
            AND w.candidate_index = k.candidate_index
        LEFT JOIN ogive.failure_rows f ON f.scoring_id = $2 AND f.prompt_id = p.id
            AND f.item_kind = 'candidate' AND f.item_index = k.candidate_index
        WHERE p.prompt_set_id = $1 AND w.prompt_id IS NULL
        ORDER BY p.id, k.candidate_index
        """
    /// Tables that are not what their draws say. $1 sampling, $2 scoring.
    ///
    /// What is whole is told by comparing whole arrays, and by the number and the last index of a
    /// prompt's completions, of which the primary key holds no two alike. Only what differs is
    /// looked at draw by draw.
    static let tables = """
        SELECT t.prompt_id, CASE
            WHEN NOT x.is_ascending THEN 'draw indexes are not ascending, distinct and >= 0'
            WHEN NOT x.is_sorted THEN 'rewards are not the sorted draw rewards'
            WHEN NOT x.is_counted THEN 'complete_to is not the number of leading draws'
            ELSE 'a reward belongs to no completion' END AS problem
        FROM ogive_internal.whole_tables t
        LEFT JOIN (
            SELECT c.prompt_id, count(*) AS draws, max(c.draw_index) AS last
            FROM ogive.completion_rows c WHERE c.sampling_id = $1 GROUP BY c.prompt_id
        ) w ON w.prompt_id = t.prompt_id
        CROSS JOIN (SELECT ARRAY(SELECT generate_series(0, (
            SELECT greatest(s.draws_max, (
                SELECT max(r.draws) FROM ogive.runs r WHERE r.sampling_id = s.id)) - 1
            FROM ogive.samplings s WHERE s.id = $1))) AS indexes OFFSET 0) a
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_and(u.i >= u.o - 1), false)
                    AND array_agg(u.i ORDER BY u.i) = t.draw_indexes
                    AND count(DISTINCT u.i) = cardinality(t.draw_indexes) AS is_ascending,
                array_agg(u.r ORDER BY u.r) = t.rewards AS is_sorted,
                count(*) FILTER (WHERE u.i = u.o - 1) = t.complete_to AS is_counted,
                count(c.draw_index) = count(*) AS is_sampled
            FROM unnest(t.draw_indexes, t.draw_rewards) WITH ORDINALITY u(i, r, o)
            LEFT JOIN ogive.completion_rows c ON c.sampling_id = $1
                AND c.prompt_id = t.prompt_id AND c.draw_index = u.i
        ) x
        WHERE t.scoring_id = $2
            AND NOT coalesce(t.draw_indexes = a.indexes[1:cardinality(t.draw_indexes)]
                AND cardinality(t.draw_rewards) = cardinality(t.draw_indexes)
                AND t.complete_to = cardinality(t.draw_indexes)
                AND w.draws = w.last + 1 AND w.draws >= t.complete_to
                AND t.rewards = CASE WHEN cardinality(t.draw_rewards) = 1 THEN t.draw_rewards
                    ELSE ARRAY(SELECT unnest(t.draw_rewards) AS r ORDER BY r) END, false)
            AND NOT (x.is_ascending AND x.is_sorted AND x.is_counted AND x.is_sampled)
        ORDER BY t.prompt_id
        """
    /// Completions that nobody asked for. $1 prompt set, $2 sampling, $3 most draws that any run
    /// asks for of all prompts: beyond them adaptive runs have a target for each prompt.
    static let extras = """
        SELECT c.prompt_id, 'draw ' || c.draw_index || ' was not asked for by any run' AS problem
        FROM ogive.completion_rows c
        LEFT JOIN ogive.prompt_rows p ON p.id = c.prompt_id AND p.prompt_set_id = $1
        WHERE c.sampling_id = $2 AND (p.id IS NULL OR c.draw_index >= $3 AND NOT EXISTS (
            SELECT FROM ogive.runs r
            JOIN ogive.prompt_target_rows g ON g.run_id = r.id AND g.prompt_id = c.prompt_id
            WHERE r.sampling_id = $2 AND c.draw_index < g.draws))
        ORDER BY c.prompt_id, c.draw_index
        """
    /// Completions of an adopted sampling that a worker sampled all the same. $1 sampling.
    static let sampled = """
        SELECT c.prompt_id, 'draw ' || c.draw_index || ' was not adopted, in a sampling that is'
            AS problem
        FROM ogive.completion_rows c
        WHERE c.sampling_id = $1 AND (c.seed IS NOT NULL
            OR c.worker <> '00000000-0000-0000-0000-000000000000')
        ORDER BY c.prompt_id, c.draw_index
        """
    /// Failures of items that have a reward. $1 scoring.
    static let contradictions = """
        SELECT f.prompt_id, f.item_kind || ' ' || f.item_index || ' has a reward and a failure'
            AS problem
        FROM ogive.failure_rows f
        LEFT JOIN ogive_internal.whole_tables t
            ON t.scoring_id = f.scoring_id AND t.prompt_id = f.prompt_id
        LEFT JOIN ogive.candidate_reward_rows w ON w.scoring_id = f.scoring_id
            AND w.prompt_id = f.prompt_id AND w.candidate_index = f.item_index
        WHERE f.scoring_id = $1 AND CASE f.item_kind WHEN 'draw'
            THEN f.item_index = ANY(t.draw_indexes) ELSE w.prompt_id IS NOT NULL END
        ORDER BY f.prompt_id, f.item_kind, f.item_index
        """
    /// Rewards that are not made of the parts that the scorer's specification names, and parts
    /// without a reward. $1 scoring. Where there are no parts and none are named, no reward is
    /// looked at.
    static let parts = """
        SELECT x.prompt_id, x.item_kind || ' ' || x.item_index || CASE
            WHEN x.parts IS NULL THEN ' has a reward without its parts'
            WHEN x.reward IS NULL THEN ' has parts without a reward'
            WHEN cardinality(x.parts) <> x.expected
                THEN ' has ' || cardinality(x.parts) || ' parts instead of ' || x.expected
            ELSE ' has a reward that is not the weighted sum of its parts' END AS problem
        FROM (
            SELECT coalesce(i.prompt_id, w.prompt_id) AS prompt_id,
                coalesce(i.item_kind, w.item_kind) AS item_kind,
                coalesce(i.item_index, w.item_index) AS item_index, i.reward, w.parts,
                n.expected, n.weights
            FROM (
                SELECT t.prompt_id, 'draw' AS item_kind, u.i AS item_index, u.r AS reward
                FROM ogive_internal.whole_tables t
                CROSS JOIN LATERAL unnest(t.draw_indexes, t.draw_rewards) u(i, r)
                WHERE t.scoring_id = $1 AND \(hasParts)
                UNION ALL
                SELECT c.prompt_id, 'candidate', c.candidate_index, c.reward
                FROM ogive.candidate_reward_rows c WHERE c.scoring_id = $1 AND \(hasParts)
            ) i
            FULL JOIN (SELECT * FROM ogive.reward_part_rows WHERE scoring_id = $1) w
                ON w.prompt_id = i.prompt_id AND w.item_kind = i.item_kind
                AND w.item_index = i.item_index
            CROSS JOIN (
                SELECT coalesce(jsonb_array_length(g.spec #> '{scorer,parts}'), 0) AS expected,
                    ARRAY(
                        SELECT (d.part ->> 'weight')::float8
                        FROM jsonb_array_elements(g.spec #> '{scorer,parts}')
                            WITH ORDINALITY d(part, number)
                        ORDER BY d.number
                    ) AS weights
                FROM ogive.scorings g WHERE g.id = $1
            ) n
        ) x
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(q.weight * q.part), 0) AS total,
                coalesce(sum(abs(q.weight * q.part)), 0) AS size
            FROM unnest(x.weights, x.parts) q(weight, part)
        ) s
        WHERE (x.expected > 0 OR x.parts IS NOT NULL) AND (x.parts IS NULL OR x.reward IS NULL
            OR cardinality(x.parts) <> x.expected
            OR abs(x.reward - s.total) > 1e-9 * (s.size + abs(x.reward)))
        ORDER BY x.prompt_id, x.item_kind, x.item_index
        """
    /// Whether a scoring has parts, or should have. $1 scoring.
    private static let hasParts = """
        (EXISTS (SELECT FROM ogive.reward_part_rows WHERE scoring_id = $1)
            OR EXISTS (SELECT FROM ogive.scorings g
                WHERE g.id = $1 AND jsonb_array_length(g.spec #> '{scorer,parts}') > 0))
        """
    /// Counters against rows. $1 prompt set, $2 sampling, $3 scoring, $4 run.
    static let counters = """
        SELECT name, counted, found FROM (
            SELECT 'prompts of the set' AS name, e.prompts AS counted,
                (SELECT count(*) FROM ogive.prompt_rows p WHERE p.prompt_set_id = $1) AS found
            FROM ogive.prompt_sets e WHERE e.id = $1
            UNION ALL
            SELECT 'draws of the sampling', a.draws,
                (SELECT count(*) FROM ogive.completion_rows c WHERE c.sampling_id = $2)
            FROM ogive.sampling_progress a WHERE a.sampling_id = $2
            UNION ALL
            SELECT 'rewards of the scoring', b.rewards,
                (SELECT coalesce(sum(cardinality(t.rewards)), 0)
                FROM ogive_internal.whole_tables t WHERE t.scoring_id = $3)
            FROM ogive.scoring_progress b WHERE b.scoring_id = $3
            UNION ALL
            SELECT 'candidate rewards of the scoring', b.candidate_rewards,
                (SELECT count(*) FROM ogive.candidate_reward_rows w WHERE w.scoring_id = $3)
            FROM ogive.scoring_progress b WHERE b.scoring_id = $3
            UNION ALL
            SELECT 'failures of the scoring', b.draw_failures + b.candidate_failures,
                (SELECT count(*) FROM ogive.failure_rows f WHERE f.scoring_id = $3)
            FROM ogive.scoring_progress b WHERE b.scoring_id = $3
            UNION ALL
            SELECT 'log-probabilities of candidates', a.candidate_log_probabilities,
                (SELECT count(*) FROM ogive.candidate_log_probability_rows l
                WHERE l.sampling_id = $2 AND l.code IS NULL)
            FROM ogive.sampling_progress a WHERE a.sampling_id = $2
            UNION ALL
            SELECT 'failures of log-probabilities', a.candidate_log_probability_failures,
                (SELECT count(*) FROM ogive.candidate_log_probability_rows l
                WHERE l.sampling_id = $2 AND l.code IS NOT NULL)
            FROM ogive.sampling_progress a WHERE a.sampling_id = $2
            UNION ALL
            SELECT 'raised draws of the run', r.raised_draws, (
                SELECT coalesce(sum(g.draws - r.min_draws), 0)
                FROM ogive.prompt_target_rows g WHERE g.run_id = $4)
            FROM ogive.runs r WHERE r.id = $4
        ) x
        ORDER BY name
        """
    /// The counter of the sum of rewards, where it is not the sum of those that are there: as
    /// `numeric`, of which neither depends on an order. $1 scoring.
    static let rewardSum = """
        SELECT b.reward_sum::text AS counted, x.found::text AS found
        FROM ogive.scoring_progress b
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(u.reward::numeric), 0) AS found
            FROM (
                SELECT unnest(t.draw_rewards) AS reward FROM ogive_internal.whole_tables t
                WHERE t.scoring_id = $1
            ) u
        ) x
        WHERE b.scoring_id = $1 AND b.reward_sum <> x.found
        """
    /// Items of the run that are asked for and there. $1 prompt set, $2 scoring, $3 draws of
    /// prompts without a target of their own, $4 sampling, $5 run.
    static let landed = """
        SELECT count(*) AS prompts, coalesce(sum(n.draws), 0)::bigint AS target_draws,
            coalesce(sum(CASE WHEN n.draws > ALL (t.draw_indexes)
                THEN cardinality(t.draw_indexes)
                ELSE (SELECT count(*) FROM unnest(t.draw_indexes) i WHERE i < n.draws) END),
                0)::bigint AS draws,
            coalesce(sum(p.candidate_count), 0)::bigint AS candidates,
            (SELECT count(*) FROM ogive.candidate_reward_rows w
                JOIN ogive.prompt_rows q ON q.id = w.prompt_id AND q.prompt_set_id = $1
                WHERE w.scoring_id = $2) AS landed_candidates,
            (SELECT count(l.log_probability) FROM ogive.candidate_log_probability_rows l
                JOIN ogive.prompt_rows q ON q.id = l.prompt_id AND q.prompt_set_id = $1
                WHERE l.sampling_id = $4) AS landed_log_probabilities
        FROM ogive.prompt_rows p
        LEFT JOIN ogive.prompt_target_rows g ON g.run_id = $5 AND g.prompt_id = p.id
        LEFT JOIN ogive_internal.whole_tables t ON t.scoring_id = $2 AND t.prompt_id = p.id
        CROSS JOIN LATERAL (SELECT coalesce(g.draws, $3::integer) AS draws) n
        WHERE p.prompt_set_id = $1
        """
}
