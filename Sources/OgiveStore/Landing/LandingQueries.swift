/// SQL that lands results. Rows of one batch wait in a temporary table; each statement then takes
/// those of one run. All texts are compared byte for byte.
enum LandingQueries {
    static let createStaging = """
        CREATE TEMPORARY TABLE IF NOT EXISTS ogive_landing (
            ordinal integer NOT NULL, run_id bigint NOT NULL, prompt_id bigint NOT NULL,
            is_candidate boolean NOT NULL, is_log_probability boolean NOT NULL,
            item_index integer NOT NULL, worker uuid NOT NULL,
            sampled boolean NOT NULL, text text, raw bytea, token_count integer,
            finish_reason text, log_probability float8, seed bigint, sample_ms real,
            token_ids integer[], token_log_probabilities real[],
            reward float8, parts float8[], stage text, code text, message text, attempts integer,
            prompt_tokens integer, scorer_input integer, scorer_output integer,
            policy_output integer
        ) ON COMMIT DELETE ROWS
        """
    static let copy = "COPY pg_temp.ogive_landing FROM STDIN (FORMAT binary)"

    static let runs = """
        SELECT r.id, r.sampling_id, r.scoring_id, s.prompt_set_id,
            r.spec ? 'budget' AS has_budget
        FROM ogive.runs r
        JOIN ogive.samplings s ON s.id = r.sampling_id
        WHERE r.id = ANY($1)
        ORDER BY r.id
        """
    /// Takes out what is not an item of the run: $1 run, $2 prompt set.
    static let removeStrangers = """
        DELETE FROM pg_temp.ogive_landing s
        WHERE s.run_id = $1 AND (s.item_index < 0 OR NOT EXISTS (
            SELECT FROM ogive.prompt_rows p
            WHERE p.id = s.prompt_id AND p.prompt_set_id = $2))
        """
    /// Takes out what comes for an item that a failure settled: the first committed outcome
    /// stays until a person asks for a retry. $1 run, $2 scoring.
    static let removeSettled = """
        DELETE FROM pg_temp.ogive_landing s USING ogive.failure_rows f
        WHERE s.run_id = $1 AND f.scoring_id = $2 AND f.prompt_id = s.prompt_id
            AND f.item_index = s.item_index
            AND f.item_kind = CASE WHEN s.is_candidate THEN 'candidate' ELSE 'draw' END
        """
    /// The same for what comes after a failure in the same batch. $1 run.
    static let removeOvertaken = """
        DELETE FROM pg_temp.ogive_landing s USING pg_temp.ogive_landing earlier
        WHERE s.run_id = $1 AND earlier.run_id = $1 AND earlier.prompt_id = s.prompt_id
            AND earlier.item_index = s.item_index AND earlier.is_candidate = s.is_candidate
            AND earlier.ordinal < s.ordinal AND earlier.stage IS NOT NULL
        """
    /// $1 run, $2 sampling, $3 time. The first text of a draw stays.
    static let completions = """
        WITH fresh AS (
            INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, text, raw,
                token_count, finish_reason, log_probability, seed, worker, sample_ms, token_ids,
                token_log_probabilities, landed_at, prompt_tokens)
            SELECT $2, s.prompt_id, s.item_index, s.text, s.raw, s.token_count, s.finish_reason,
                s.log_probability, s.seed, s.worker, s.sample_ms, s.token_ids,
                s.token_log_probabilities, to_timestamp($3::float8 / 1000000), s.prompt_tokens
            FROM pg_temp.ogive_landing s
            WHERE s.run_id = $1 AND s.sampled AND NOT s.is_candidate
            ORDER BY s.prompt_id, s.item_index, s.ordinal
            ON CONFLICT DO NOTHING
            RETURNING prompt_id, draw_index, token_count, finish_reason, prompt_tokens
        )
        SELECT count(*) AS completions, coalesce(sum(token_count), 0)::bigint AS tokens,
            coalesce(sum(prompt_tokens), 0)::bigint AS prompt_tokens,
            count(*) FILTER (WHERE finish_reason = 'length') AS truncated,
            count(*) FILTER (WHERE EXISTS (
                SELECT FROM pg_temp.ogive_landing s
                WHERE s.run_id = $1 AND s.prompt_id = fresh.prompt_id
                    AND s.item_index = fresh.draw_index AND s.sampled AND NOT s.is_candidate
                    AND s.reward IS NULL AND s.stage IS NULL)) AS bare
        FROM fresh
        """
    /// $1 run, $2 sampling, $3 scoring, $4 time. A reward belongs to a text: one of a text that
    /// was dropped is dropped too. A committed reward never changes.
    static let rewards = """
        WITH accepted AS (
            SELECT DISTINCT ON (s.prompt_id, s.item_index) s.prompt_id, s.item_index, s.reward,
                s.parts, s.scorer_input, s.scorer_output
            FROM pg_temp.ogive_landing s
            JOIN ogive.completion_rows c ON c.sampling_id = $2 AND c.prompt_id = s.prompt_id
                AND c.draw_index = s.item_index
            WHERE s.run_id = $1 AND NOT s.is_candidate AND s.reward IS NOT NULL
                AND (NOT s.sampled OR (c.text = s.text AND c.raw IS NOT DISTINCT FROM s.raw))
            ORDER BY s.prompt_id, s.item_index, s.ordinal
        ), fresh AS MATERIALIZED (
            SELECT a.* FROM accepted a
            LEFT JOIN ogive.quantile_table_rows t
                ON t.scoring_id = $3 AND t.prompt_id = a.prompt_id
            WHERE NOT coalesce(a.item_index = ANY(t.draw_indexes), false)
        ), parted AS (
            INSERT INTO ogive.reward_part_rows (scoring_id, prompt_id, item_kind, item_index, parts)
            SELECT $3, prompt_id, 'draw', item_index, parts FROM fresh WHERE parts IS NOT NULL
        ), united AS (
            SELECT prompt_id, item_index, reward FROM fresh
            UNION ALL
            SELECT t.prompt_id, u.item_index, u.reward
            FROM (SELECT DISTINCT prompt_id FROM fresh) f
            JOIN ogive.quantile_table_rows t ON t.scoring_id = $3 AND t.prompt_id = f.prompt_id
            CROSS JOIN LATERAL unnest(t.draw_indexes, t.draw_rewards) u(item_index, reward)
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY prompt_id ORDER BY item_index) - 1 AS rank
            FROM united
        ), merged AS (
            INSERT INTO ogive.quantile_table_rows AS t (scoring_id, prompt_id, n, complete_to,
                updated_at, draw_indexes, draw_rewards, rewards)
            SELECT $3, prompt_id, count(*), count(*) FILTER (WHERE rank = item_index),
                to_timestamp($4::float8 / 1000000), array_agg(item_index ORDER BY item_index),
                array_agg(reward ORDER BY item_index), array_agg(reward ORDER BY reward)
            FROM ranked GROUP BY prompt_id
            ON CONFLICT (scoring_id, prompt_id) DO UPDATE SET n = excluded.n,
                complete_to = excluded.complete_to, updated_at = excluded.updated_at,
                draw_indexes = excluded.draw_indexes, draw_rewards = excluded.draw_rewards,
                rewards = excluded.rewards
        )
        SELECT count(*) AS rewards, coalesce(sum(reward::numeric), 0)::text AS total,
            coalesce(sum(scorer_input), 0)::bigint AS scorer_input,
            coalesce(sum(scorer_output), 0)::bigint AS scorer_output
        FROM fresh
        """
    /// $1 run, $2 scoring.
    static let candidateRewards = """
        WITH fresh AS (
            INSERT INTO ogive.candidate_reward_rows (scoring_id, prompt_id, candidate_index, reward)
            SELECT $2, s.prompt_id, s.item_index, s.reward
            FROM pg_temp.ogive_landing s
            JOIN ogive.candidate_rows k
                ON k.prompt_id = s.prompt_id AND k.candidate_index = s.item_index
            WHERE s.run_id = $1 AND s.is_candidate AND s.reward IS NOT NULL
            ORDER BY s.prompt_id, s.item_index, s.ordinal
            ON CONFLICT DO NOTHING
            RETURNING prompt_id, candidate_index
        ), parted AS (
            INSERT INTO ogive.reward_part_rows (scoring_id, prompt_id, item_kind, item_index, parts)
            SELECT $2, s.prompt_id, 'candidate', s.item_index, s.parts
            FROM (
                SELECT DISTINCT ON (prompt_id, item_index) prompt_id, item_index, parts
                FROM pg_temp.ogive_landing
                WHERE run_id = $1 AND is_candidate AND reward IS NOT NULL
                ORDER BY prompt_id, item_index, ordinal
            ) s
            JOIN fresh f ON f.prompt_id = s.prompt_id AND f.candidate_index = s.item_index
            WHERE s.parts IS NOT NULL
        ), charged AS (
            SELECT DISTINCT ON (s.prompt_id, s.item_index) s.scorer_input, s.scorer_output
            FROM fresh f
            JOIN pg_temp.ogive_landing s
                ON s.prompt_id = f.prompt_id AND s.item_index = f.candidate_index
            WHERE s.run_id = $1 AND s.is_candidate AND s.reward IS NOT NULL
            ORDER BY s.prompt_id, s.item_index, s.ordinal
        )
        SELECT count(*) AS rewards, coalesce(sum(scorer_input), 0)::bigint AS scorer_input,
            coalesce(sum(scorer_output), 0)::bigint AS scorer_output
        FROM charged
        """
    /// Whether item `s` has a reward in scoring $2.
    private static let hasReward = """
        CASE WHEN s.is_candidate THEN EXISTS (
            SELECT FROM ogive.candidate_reward_rows w
            WHERE w.scoring_id = $2 AND w.prompt_id = s.prompt_id
                AND w.candidate_index = s.item_index)
        ELSE EXISTS (
            SELECT FROM ogive.quantile_table_rows t
            WHERE t.scoring_id = $2 AND t.prompt_id = s.prompt_id
                AND s.item_index = ANY(t.draw_indexes))
        END
        """
    /// $1 run, $2 scoring, $3 sampling, $4 time. An item with a reward has not failed; nor has
    /// the sampling of a draw whose completion is there; nor the scoring of a dropped text.
    static let failures = """
        WITH fresh AS (
            INSERT INTO ogive.failure_rows (scoring_id, prompt_id, item_kind, item_index, stage,
                code, message, attempts, worker, failed_at)
            SELECT $2, s.prompt_id, CASE WHEN s.is_candidate THEN 'candidate' ELSE 'draw' END,
                s.item_index, s.stage, s.code, s.message, s.attempts, s.worker,
                to_timestamp($4::float8 / 1000000)
            FROM pg_temp.ogive_landing s
            LEFT JOIN ogive.completion_rows c ON c.sampling_id = $3
                AND c.prompt_id = s.prompt_id AND c.draw_index = s.item_index
                AND NOT s.is_candidate
            WHERE s.run_id = $1 AND s.stage IS NOT NULL AND s.reward IS NULL
                AND (NOT s.is_candidate OR EXISTS (
                    SELECT FROM ogive.candidate_rows k
                    WHERE k.prompt_id = s.prompt_id AND k.candidate_index = s.item_index))
                AND (NOT s.sampled OR (c.text = s.text AND c.raw IS NOT DISTINCT FROM s.raw))
                AND (s.stage <> 'sampling' OR c.draw_index IS NULL)
                AND NOT \(hasReward)
            ORDER BY s.prompt_id, s.is_candidate, s.item_index, s.ordinal
            ON CONFLICT DO NOTHING
            RETURNING item_kind
        )
        SELECT count(*) FILTER (WHERE item_kind = 'draw') AS draws,
            count(*) FILTER (WHERE item_kind = 'candidate') AS candidates
        FROM fresh
        """
    static let samplingProgress = """
        UPDATE ogive.sampling_progress
        SET draws = draws + $2, tokens = tokens + $3, truncated = truncated + $4
        WHERE sampling_id = $1
        """
    static let scoringProgress = """
        UPDATE ogive.scoring_progress
        SET rewards = rewards + $2, reward_sum = reward_sum + $3::text::numeric,
            candidate_rewards = candidate_rewards + $4, draw_failures = draw_failures + $5,
            candidate_failures = candidate_failures + $6
        WHERE scoring_id = $1
        """
    /// $1 run, then what this batch adds. Answers with what the run has spent in all.
    static let spending = """
        INSERT INTO ogive.run_spending_rows AS m (run_id, draws, policy_input, policy_output,
            scorer_input, scorer_output)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (run_id) DO UPDATE SET draws = m.draws + excluded.draws,
            policy_input = m.policy_input + excluded.policy_input,
            policy_output = m.policy_output + excluded.policy_output,
            scorer_input = m.scorer_input + excluded.scorer_input,
            scorer_output = m.scorer_output + excluded.scorer_output
        RETURNING policy_input, policy_output, scorer_input, scorer_output
        """
}
