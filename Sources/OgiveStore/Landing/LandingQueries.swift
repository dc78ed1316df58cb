/// SQL that reads what matters to a batch, and writes what lands. What lands is decided between
/// the two, in `LandingPlan`.
///
/// Lookups by prompt stand in `LATERAL (… OFFSET 0)`, which the planner takes for each prompt by
/// the index, whatever it thinks of the size of a table that grows all the time. Most draws of a
/// run come for prompts behind the last one that has something: for them nothing is looked up.
/// That last one is the first of an order: `max` would read all rows of a scoring that the planner
/// takes for empty, as it does until the next ANALYZE. What is asked with single values is planned
/// once; with lists, the planner takes a plan for their lengths to be worth its time, each time.
enum LandingQueries {
    /// Landings go on beside each other, unless one must be alone. The lock is held to the end of
    /// the transaction, and given in the order in which it was asked for. No statement of a
    /// landing reads a table whole, however small it is when the statement is planned.
    static let allowOthers = """
        SELECT pg_advisory_xact_lock_shared(\(key)), set_config('enable_seqscan', 'off', true)
        """
    static let waitForOthers = """
        SELECT pg_advisory_xact_lock(\(key)), set_config('enable_seqscan', 'off', true)
        """
    /// "ogive" as a number of ASCII codes.
    private static let key = 478476334693
    /// The counters of a sampling, which each landing changes: who holds them goes first. A scoring
    /// belongs to one sampling, so that this orders landings of one scoring as well. Samplings are
    /// locked in ascending order. $1 sampling.
    static let lockSampling =
        "SELECT FROM ogive.sampling_progress WHERE sampling_id = $1 FOR UPDATE"

    /// What a landing has to know of a run: $1 run.
    static let run = """
        SELECT r.id, r.sampling_id, r.scoring_id, s.prompt_set_id, r.draws,
            r.spec ? 'budget' AS has_budget, e.candidates > 0 AS has_candidates,
            EXISTS (SELECT FROM ogive.failure_rows f WHERE f.scoring_id = r.scoring_id)
                AS has_failures
        FROM ogive.runs r
        JOIN ogive.samplings s ON s.id = r.sampling_id
        JOIN ogive.prompt_sets e ON e.id = s.prompt_set_id
        WHERE r.id = $1
        """
    /// Whether a scoring has failures: $1 scoring.
    static let hasFailures = "SELECT EXISTS (SELECT FROM ogive.failure_rows WHERE scoring_id = $1)"
    /// How many prompts of a stretch are of the set: $1 prompt set, $2 first and $3 last prompt.
    /// OFFSET 0 keeps the planner from reading all of the set by its own index.
    static let promptsOfStretch = """
        SELECT count(*) FROM (
            SELECT prompt_set_id FROM ogive.prompt_rows WHERE id BETWEEN $2 AND $3 OFFSET 0) p
        WHERE p.prompt_set_id = $1
        """
    /// Prompts that are not of the set: $1 prompt set, $2 prompts.
    static let foreignPrompts = """
        SELECT u.prompt_id FROM unnest($2::bigint[]) u(prompt_id)
        WHERE (SELECT p.prompt_set_id FROM ogive.prompt_rows p WHERE p.id = u.prompt_id)
            IS DISTINCT FROM $1
        """
    /// Items that a failure resolved: $1 scoring, $2 prompts.
    static let failures = """
        SELECT f.prompt_id, f.item_index, f.item_kind = 'candidate' AS is_candidate
        FROM unnest($2::bigint[]) u(prompt_id)
        CROSS JOIN LATERAL (
            SELECT * FROM ogive.failure_rows g
            WHERE g.scoring_id = $1 AND g.prompt_id = u.prompt_id OFFSET 0) f
        """
    /// Draws with a text: $1 sampling, $2 prompts, $3 first and $4 last draws looked for.
    static let completions = """
        SELECT c.prompt_id, c.draw_index
        FROM unnest($2::bigint[], $3::integer[], $4::integer[]) u(prompt_id, first, last)
        CROSS JOIN LATERAL (
            SELECT d.prompt_id, d.draw_index FROM ogive.completion_rows d
            WHERE d.sampling_id = $1 AND d.prompt_id = u.prompt_id
                AND d.draw_index BETWEEN u.first AND u.last OFFSET 0) c
        WHERE u.prompt_id <= (
            SELECT m.prompt_id FROM ogive.completion_rows m WHERE m.sampling_id = $1
            ORDER BY m.prompt_id DESC LIMIT 1)
        """
    /// Hashes of texts' exact bytes: $1 sampling, $2 prompts and $3 draws, in pairs.
    static let digests = """
        SELECT c.prompt_id, c.draw_index,
            sha256(coalesce(c.raw, convert_to(c.text, 'UTF8'))) AS digest
        FROM unnest($2::bigint[], $3::integer[]) u(prompt_id, draw_index)
        CROSS JOIN LATERAL (
            SELECT * FROM ogive.completion_rows d
            WHERE d.sampling_id = $1 AND d.prompt_id = u.prompt_id
                AND d.draw_index = u.draw_index OFFSET 0) c
        """
    /// Lengths of stored draws' texts in bytes, for which no text is read: $1 sampling, $2 prompts.
    static let lengths = """
        SELECT c.prompt_id, c.draw_index, c.bytes
        FROM unnest($2::bigint[]) u(prompt_id)
        CROSS JOIN LATERAL (
            SELECT d.prompt_id, d.draw_index,
                coalesce(octet_length(d.raw), octet_length(d.text))::bigint AS bytes
            FROM ogive.completion_rows d
            WHERE d.sampling_id = $1 AND d.prompt_id = u.prompt_id OFFSET 0) c
        """
    /// Lengths of candidates in bytes: $1 prompts.
    static let candidateLengths = """
        SELECT k.prompt_id, k.candidate_index, k.bytes
        FROM unnest($1::bigint[]) u(prompt_id)
        CROSS JOIN LATERAL (
            SELECT c.prompt_id, c.candidate_index, octet_length(c.text)::bigint AS bytes
            FROM ogive.candidate_rows c WHERE c.prompt_id = u.prompt_id OFFSET 0) k
        """
    /// Hashes of draws' exact bytes, by their places in $1 prompts and $2 draws, with the parts of
    /// their rewards. $3 scoring, $4 sampling.
    static let textsOfDraws = """
        SELECT u.place::bigint, c.digest, w.parts
        FROM unnest($1::bigint[], $2::integer[]) WITH ORDINALITY u(prompt_id, draw_index, place)
        CROSS JOIN LATERAL (
            SELECT sha256(coalesce(d.raw, convert_to(d.text, 'UTF8'))) AS digest
            FROM ogive.completion_rows d
            WHERE d.sampling_id = $4 AND d.prompt_id = u.prompt_id
                AND d.draw_index = u.draw_index OFFSET 0) c
        LEFT JOIN LATERAL (
            SELECT q.parts FROM ogive.reward_part_rows q
            WHERE q.scoring_id = $3 AND q.prompt_id = u.prompt_id AND q.item_kind = 'draw'
                AND q.item_index = u.draw_index OFFSET 0) w ON true
        ORDER BY u.place
        """
    /// The same of candidates, with their rewards. $3 scoring.
    static let textsOfCandidates = """
        SELECT u.place::bigint, c.digest, w.parts, r.reward
        FROM unnest($1::bigint[], $2::integer[]) WITH ORDINALITY
            u(prompt_id, candidate_index, place)
        CROSS JOIN LATERAL (
            SELECT sha256(convert_to(k.text, 'UTF8')) AS digest FROM ogive.candidate_rows k
            WHERE k.prompt_id = u.prompt_id AND k.candidate_index = u.candidate_index OFFSET 0) c
        LEFT JOIN LATERAL (
            SELECT q.parts FROM ogive.reward_part_rows q
            WHERE q.scoring_id = $3 AND q.prompt_id = u.prompt_id AND q.item_kind = 'candidate'
                AND q.item_index = u.candidate_index OFFSET 0) w ON true
        LEFT JOIN LATERAL (
            SELECT q.reward FROM ogive.candidate_reward_rows q
            WHERE q.scoring_id = $3 AND q.prompt_id = u.prompt_id
                AND q.candidate_index = u.candidate_index OFFSET 0) r ON true
        ORDER BY u.place
        """
    /// Tables of prompts that have one, with their tails: $1 scoring, $2 prompts.
    static let tables = """
        SELECT t.prompt_id, t.draw_indexes, t.draw_rewards, t.tail_indexes, t.tail_rewards
        FROM unnest($2::bigint[]) u(prompt_id)
        CROSS JOIN LATERAL (
            SELECT * FROM ogive.quantile_table_rows q
            WHERE q.scoring_id = $1 AND q.prompt_id = u.prompt_id OFFSET 0) t
        WHERE u.prompt_id <= (
            SELECT m.prompt_id FROM ogive.quantile_table_rows m WHERE m.scoring_id = $1
            ORDER BY m.prompt_id DESC LIMIT 1)
        """
    /// Candidates, with what is known of them: $1 sampling, $2 scoring, $3 prompts.
    static let candidates = """
        SELECT k.prompt_id, k.candidate_index,
            EXISTS (SELECT FROM ogive.candidate_reward_rows w
                WHERE w.scoring_id = $2 AND w.prompt_id = k.prompt_id
                    AND w.candidate_index = k.candidate_index OFFSET 0) AS is_rewarded,
            EXISTS (SELECT FROM ogive.candidate_log_probability_rows l
                WHERE l.sampling_id = $1 AND l.prompt_id = k.prompt_id
                    AND l.candidate_index = k.candidate_index OFFSET 0) AS has_log_probability
        FROM unnest($3::bigint[]) u(prompt_id)
        CROSS JOIN LATERAL (
            SELECT c.prompt_id, c.candidate_index FROM ogive.candidate_rows c
            WHERE c.prompt_id = u.prompt_id OFFSET 0) k
        """

    static let copyCompletions = """
        COPY ogive.completion_rows (\(LandingRows.completionColumns.joined(separator: ", ")))
        FROM STDIN (FORMAT binary)
        """
    static let copyParts = """
        COPY ogive.reward_part_rows (scoring_id, prompt_id, item_kind, item_index, parts)
        FROM STDIN (FORMAT binary)
        """
    static let copyCandidateRewards = """
        COPY ogive.candidate_reward_rows (scoring_id, prompt_id, candidate_index, reward)
        FROM STDIN (FORMAT binary)
        """
    static let copyFailures = """
        COPY ogive.failure_rows (scoring_id, prompt_id, item_kind, item_index, worker, failed_at,
            stage, code, message, attempts)
        FROM STDIN (FORMAT binary)
        """
    static let copyLogProbabilities = """
        COPY ogive.candidate_log_probability_rows (sampling_id, prompt_id, candidate_index, worker,
            landed_at, log_probability, token_count, token_ids, token_log_probabilities, code,
            message, attempts)
        FROM STDIN (FORMAT binary)
        """
    static let copyTables = """
        COPY ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to, updated_at,
            draw_indexes, draw_rewards, rewards)
        FROM STDIN (FORMAT binary)
        """
    /// Replaces tables that have grown, with no tail, found by their key one by one. $1 scoring,
    /// $2 time, $3 prompts, $4 number of draws, $5 complete to, $6 where each one's draws begin in
    /// $7 indexes, $8 rewards by draw and $9 rewards in order.
    static let mergeTables = """
        INSERT INTO ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to,
            updated_at, draw_indexes, draw_rewards, rewards)
        SELECT $1, u.prompt_id, u.n, u.complete_to, to_timestamp($2::float8 / 1000000),
            ($7::integer[])[u.first : u.first + u.n - 1],
            ($8::float8[])[u.first : u.first + u.n - 1],
            ($9::float8[])[u.first : u.first + u.n - 1]
        FROM unnest($3::bigint[], $4::integer[], $5::integer[], $6::integer[])
            u(prompt_id, n, complete_to, first)
        ON CONFLICT (scoring_id, prompt_id) DO UPDATE SET n = excluded.n,
            complete_to = excluded.complete_to, updated_at = excluded.updated_at,
            draw_indexes = excluded.draw_indexes, draw_rewards = excluded.draw_rewards,
            rewards = excluded.rewards, tail_indexes = NULL, tail_rewards = NULL,
            tail_sorted = NULL
        """
    /// Replaces the tails of tables that have grown. What stays as it was is not written again:
    /// long arrays are stored apart from their row. $1 scoring, $2 time, $3 prompts, $4 number of
    /// draws of the tail, $5 complete to, $6 where each one's draws begin in $7 indexes, $8 rewards
    /// by draw and $9 rewards in order.
    static let growTails = """
        UPDATE ogive.quantile_table_rows t SET
            n = t.n - coalesce(cardinality(t.tail_indexes), 0) + u.n,
            complete_to = u.complete_to, updated_at = to_timestamp($2::float8 / 1000000),
            tail_indexes = ($7::integer[])[u.first : u.first + u.n - 1],
            tail_rewards = ($8::float8[])[u.first : u.first + u.n - 1],
            tail_sorted = ($9::float8[])[u.first : u.first + u.n - 1]
        FROM unnest($3::bigint[], $4::integer[], $5::integer[], $6::integer[])
            u(prompt_id, n, complete_to, first)
        WHERE t.scoring_id = $1 AND t.prompt_id = u.prompt_id
        """
    /// Takes the tails of a run's tables into the tables. A sampling of which nobody asked for
    /// more draws than a short table has, has no tails. $1 run, $2 most draws of a short table.
    static let foldTails = """
        UPDATE ogive.quantile_table_rows t SET
            draw_indexes = w.draw_indexes, draw_rewards = w.draw_rewards, rewards = w.rewards,
            tail_indexes = NULL, tail_rewards = NULL, tail_sorted = NULL
        FROM ogive_internal.whole_tables w
        WHERE t.scoring_id = (SELECT r.scoring_id FROM ogive.runs r WHERE r.id = $1)
            AND t.tail_indexes IS NOT NULL
            AND (SELECT s.draws_max > $2 FROM ogive.runs r
                JOIN ogive.samplings s ON s.id = r.sampling_id WHERE r.id = $1)
            AND w.scoring_id = t.scoring_id AND w.prompt_id = t.prompt_id
        """
    /// The sampling of a run. $1 run.
    static let sampling = "SELECT sampling_id FROM ogive.runs WHERE id = $1"
    /// Adds to all counters: $1 run, $2 sampling, $3 scoring; of the sampling $4 draws, $5 tokens,
    /// $6 truncated, $7 candidates' log-probabilities and $8 failures of them; of the scoring
    /// $9 rewards, $10 and $18 the parts of their sum (`RewardSum`), $11 candidates' rewards, $12
    /// draws' and $13 candidates' failures; then what the run spent. Answers with what it has spent
    /// in all.
    static let count = """
        WITH sampled AS (
            UPDATE ogive.sampling_progress
            SET draws = draws + $4, tokens = tokens + $5, truncated = truncated + $6,
                candidate_log_probabilities = candidate_log_probabilities + $7,
                candidate_log_probability_failures = candidate_log_probability_failures + $8
            WHERE sampling_id = $2
        ), scored AS (
            UPDATE ogive.scoring_progress
            SET rewards = rewards + $9,
                reward_sum = reward_sum
                    + (SELECT coalesce(sum(u.part::numeric), 0) FROM unnest($10::text[]) u(part))
                    + (SELECT coalesce(sum(u.reward::numeric), 0)
                        FROM unnest($18::float8[]) u(reward)),
                candidate_rewards = candidate_rewards + $11,
                draw_failures = draw_failures + $12, candidate_failures = candidate_failures + $13
            WHERE scoring_id = $3
        )
        INSERT INTO ogive.run_spending_rows AS m (run_id, draws, policy_input, policy_output,
            scorer_input, scorer_output)
        VALUES ($1, $9, $14, $15, $16, $17)
        ON CONFLICT (run_id) DO UPDATE SET draws = m.draws + excluded.draws,
            policy_input = m.policy_input + excluded.policy_input,
            policy_output = m.policy_output + excluded.policy_output,
            scorer_input = m.scorer_input + excluded.scorer_input,
            scorer_output = m.scorer_output + excluded.scorer_output
        RETURNING policy_input, policy_output, scorer_input, scorer_output
        """
}
