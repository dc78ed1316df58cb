/// SQL behind `ogive report`: on views that a reader may read, each an aggregate whose result is
/// bounded. $1 is the number of the run everywhere but in `source`.
enum ReportQueries {
    private static func time(_ value: String) -> String {
        "to_char(\(value) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    }

    /// A text and its length, cut to $`limit` characters.
    private static func cut(_ text: String, _ name: String, _ limit: String) -> String {
        "left(\(text), \(limit)) AS \(name), length(\(text)) AS \(name)_characters"
    }

    /// What is sampled and scored. $1 run, by its name.
    static let source = """
        SELECT s.run_id, jsonb_pretty(s.run_spec - 'scoring') AS run_spec,
            jsonb_pretty(s.scoring_spec) AS scoring_spec, s.sampling_sha256, s.scoring_sha256,
            jsonb_pretty(s.policy_fingerprint) AS policy_fingerprint,
            jsonb_pretty(s.scorer_fingerprint) AS scorer_fingerprint,
            \(time("r.submitted_at")) AS submitted_at, \(time("r.finished_at")) AS finished_at,
            \(time("now()")) AS made_at,
            (SELECT max(number) FROM ogive.migrations) AS schema_version,
            current_setting('server_version') AS server_version,
            has_table_privilege('ogive.quantile_table_rows', 'SELECT') AS may_audit
        FROM ogive.run_specifications s
        JOIN ogive.run_status r USING (run_id)
        WHERE s.run = $1
        """
    /// The latest snapshots. $2 most.
    static let snapshots = """
        SELECT snapshot, complete, sha256, \(time("made_at")) AS made_at
        FROM ogive.snapshots WHERE run_id = $1 ORDER BY snapshot_id DESC LIMIT $2
        """

    private static let draws = """
        FROM ogive.quantile_tables t CROSS JOIN LATERAL unnest(t.rewards) u(reward)
        WHERE t.run_id = $1
        """
    /// All rewards together. $2 shares.
    static let rewards = """
        SELECT count(*) AS rewards, avg(u.reward) AS mean, stddev_samp(u.reward) AS deviation,
            min(u.reward) AS least, max(u.reward) AS most,
            percentile_disc($2::float8[]) WITHIN GROUP (ORDER BY u.reward) AS quantiles
        \(draws)
        """

    /// Which of `bins` equal parts between `low` and `high` a value is in, from 1; 0 and bins + 1
    /// are what lies outside.
    private static func bin(
        _ value: String, _ low: String, _ high: String, _ bins: String
    ) -> String {
        // width_bucket has no place for the upper end itself.
        """
        CASE WHEN \(value) = \(high) THEN \(bins)
            ELSE width_bucket(\(value), \(low), \(high), \(bins)) END
        """
    }

    /// $2 low, $3 high, $4 bins.
    static let histogram = """
        SELECT b.bin, count(*) AS draws, min(u.reward) AS least, max(u.reward) AS most
        FROM ogive.quantile_tables t CROSS JOIN LATERAL unnest(t.rewards) u(reward)
        CROSS JOIN LATERAL (SELECT \(bin("u.reward", "$2", "$3", "$4")) AS bin) b
        WHERE t.run_id = $1 GROUP BY b.bin ORDER BY b.bin
        """

    private static let spreads = """
        FROM ogive.quantile_tables t
        CROSS JOIN LATERAL (
            SELECT avg(u.reward) AS mean, ogive.reward_spread(t.rewards) AS deviation
            FROM unnest(t.rewards) u(reward)
        ) m
        WHERE t.run_id = $1
        """
    /// The tables as they are, and the ranges of their means and deviations. $2 two shares, but
    /// for which few lie outside. avg would sum squares of its inputs, too, and fourth powers of
    /// rewards overflow.
    static let tables = """
        SELECT count(*) AS tables, count(*) FILTER (WHERE t.complete) AS complete,
            count(*) FILTER (WHERE t.degenerate) AS degenerate,
            count(*) FILTER (WHERE t.n = 1) AS single, stddev_samp(m.mean) AS between_prompts,
            sqrt(sum(m.deviation * m.deviation) / nullif(count(m.deviation), 0))
                AS within_prompts,
            count(m.deviation) AS spreads,
            min(m.mean) FILTER (WHERE t.n > 1) AS mean_least,
            max(m.mean) FILTER (WHERE t.n > 1) AS mean_most,
            percentile_disc($2::float8[]) WITHIN GROUP (ORDER BY m.mean)
                FILTER (WHERE t.n > 1) AS means,
            min(m.deviation) AS deviation_least, max(m.deviation) AS deviation_most,
            percentile_disc($2::float8[]) WITHIN GROUP (ORDER BY m.deviation)
                FILTER (WHERE t.n > 1) AS deviations
        \(spreads)
        """
    /// $2, $3, $4 low, high and bins of means; $5, $6, $7 of deviations.
    static let spread = """
        SELECT b.x, b.y, count(*) AS pairs
        FROM (
            SELECT \(bin("m.mean", "$2", "$3", "$4")) AS x,
                \(bin("m.deviation", "$5", "$6", "$7")) AS y
            \(spreads) AND t.n > 1
        ) b
        GROUP BY b.x, b.y ORDER BY b.x, b.y
        """
    /// $2 levels, $3 shares of prompts.
    static let quantiles = """
        SELECT l.level, percentile_disc($3::float8[])
            WITHIN GROUP (ORDER BY ogive.quantile(t.rewards, l.level)) AS quantiles
        FROM ogive.quantile_tables t CROSS JOIN unnest($2::float8[]) l(level)
        WHERE t.run_id = $1 GROUP BY l.level ORDER BY l.level
        """
    /// Tables by their numbers of rewards, those with as many binary digits together, so that
    /// there are few rows.
    static let sizes = """
        SELECT min(t.n) AS least, max(t.n) AS most, count(*) AS tables,
            avg(e.effective) AS effective, min(e.effective) AS effective_least
        FROM ogive.quantile_tables t
        CROSS JOIN LATERAL (SELECT ogive.effective_count(t.rewards) AS effective) e
        WHERE t.run_id = $1 GROUP BY length(ltrim(t.n::bit(32)::text, '0')) ORDER BY least
        """
    /// $2 most.
    static let degenerateRewards = """
        SELECT t.rewards[1] AS reward, count(*) AS tables FROM ogive.quantile_tables t
        WHERE t.run_id = $1 AND t.degenerate AND t.n > 1
        GROUP BY t.rewards[1] ORDER BY tables DESC, reward LIMIT $2
        """
    /// $2 most.
    static let degenerateExamples = """
        SELECT t.prompt_key, t.n, t.rewards[1] AS reward FROM ogive.quantile_tables t
        WHERE t.run_id = $1 AND t.degenerate AND t.n > 1 ORDER BY t.prompt_id LIMIT $2
        """

    /// Completions by length, reward and ending, in one pass over them: lengths are few, so they
    /// are put into columns when all are known. $2, $3, $4 low, high and bins of rewards; $5
    /// columns.
    static func lengths(inTokens: Bool) -> String {
        """
        WITH lengths AS MATERIALIZED (
            SELECT \(inTokens ? "c.token_count" : "length(c.text)") AS length, c.finish_reason,
                \(bin("c.reward", "$2::float8", "$3::float8", "$4")) AS y, count(*) AS draws,
                sum(c.reward) AS total, count(c.reward) AS rewards, count(c.seed) AS seeds,
                min(c.landed_at) AS first_landed, max(c.landed_at) AS last_landed
            FROM ogive.run_completions c WHERE c.run_id = $1
            GROUP BY length, c.finish_reason, y
        ), span AS (
            SELECT min(length)::float8 AS low,
                greatest(max(length), min(length) + 1)::float8 AS high FROM lengths
        )
        SELECT \(bin("g.length::float8", "s.low", "s.high", "$5")) AS x, g.y, g.finish_reason,
            sum(g.draws)::bigint AS draws, sum(g.total) AS total,
            sum(g.rewards)::bigint AS rewards, sum(g.seeds)::bigint AS seeds,
            \(time("min(g.first_landed)")) AS first_landed,
            \(time("max(g.last_landed)")) AS last_landed, s.low, s.high
        FROM lengths g CROSS JOIN span s
        GROUP BY x, g.y, g.finish_reason, s.low, s.high ORDER BY x, g.y, g.finish_reason
        """
    }

    /// The most frequent kinds, with the number of all. $2 most examples of a kind, $3 most
    /// characters, $4 most kinds.
    static let failures = """
        SELECT g.code, g.stage, g.failures, g.prompts, g.kinds, e.prompt_key, e.item_kind,
            e.item_index, \(cut("e.message", "message", "$3"))
        FROM (
            SELECT code, stage, count(*) AS failures, count(DISTINCT prompt_id) AS prompts,
                count(*) OVER () AS kinds
            FROM ogive.failures WHERE run_id = $1 GROUP BY code, stage
            ORDER BY failures DESC, code, stage LIMIT $4
        ) g
        CROSS JOIN LATERAL (
            SELECT f.prompt_id, f.prompt_key, f.item_kind, f.item_index, f.message
            FROM ogive.failures f
            WHERE f.run_id = $1 AND f.code = g.code AND f.stage = g.stage
            ORDER BY f.prompt_id, f.item_kind, f.item_index LIMIT $2
        ) e
        ORDER BY g.failures DESC, g.code, g.stage, e.prompt_id, e.item_kind, e.item_index
        """
    /// $2 most labels, $3 most characters.
    static let candidates = """
        SELECT \(cut("k.label", "label", "$3")), count(*) AS candidates,
            count(k.reward) AS rewards, avg(k.reward) AS mean,
            avg(k.quantile_reward) AS mean_quantile,
            percentile_disc('{0.25,0.5,0.75}'::float8[])
                WITHIN GROUP (ORDER BY k.quantile_reward) AS quartiles
        FROM ogive.candidates k WHERE k.run_id = $1
        GROUP BY k.label ORDER BY candidates DESC, k.label LIMIT $2
        """

    /// The prompts at some shares of the tables in order of mean reward. $2 shares.
    static let examples = """
        SELECT s.share, r.prompt_id
        FROM (
            SELECT t.prompt_id, count(*) OVER () AS tables,
                row_number() OVER (ORDER BY m.mean, t.prompt_id) AS rank
            \(spreads)
        ) r
        JOIN unnest($2::float8[]) s(share)
            ON r.rank = greatest(1, least(r.tables, ceil(s.share * r.tables)))
        ORDER BY s.share
        """
    /// A prompt: its text, or the turns of its chat. $2 prompt, $3 most characters.
    static let example = """
        SELECT t.prompt_key, t.draws, t.rewards, \(cut("x.text", "content", "$3"))
        FROM ogive.quantile_tables t
        JOIN ogive.run_status r USING (run_id)
        JOIN ogive.prompts p ON p.prompt_set = r.prompt_set AND p.prompt_id = t.prompt_id
        CROSS JOIN LATERAL (
            SELECT coalesce(p.content ->> 'text', (
                SELECT string_agg(
                    concat(m.turn ->> 'role', ': ', m.turn ->> 'content'), E'\\n\\n'
                    ORDER BY m.number)
                FROM jsonb_array_elements(p.content -> 'messages')
                    WITH ORDINALITY m(turn, number)), '') AS text
        ) x
        WHERE t.run_id = $1 AND t.prompt_id = $2
        """
    /// Draws with a reward, in its order: at most $3, and of the first, the middle and the last
    /// one the text. They are chosen from the table, before completions are read: the view looks
    /// for each completion's reward in all of it. $2 prompt, $4 most characters.
    static let exampleDraws = """
        WITH ranked AS MATERIALIZED (
            SELECT u.draw_index, u.reward, count(*) OVER () AS draws,
                row_number() OVER (ORDER BY u.reward, u.draw_index) AS rank
            FROM (SELECT q.draw_indexes, q.draw_rewards FROM ogive.quantile_tables q
                WHERE q.run_id = $1 AND q.prompt_id = $2) t
            CROSS JOIN LATERAL unnest(t.draw_indexes, t.draw_rewards) u(draw_index, reward)
        ), d AS MATERIALIZED (
            SELECT r.*, r.rank IN (1, r.draws / 2 + 1, r.draws) AS has_text FROM ranked r
            WHERE r.draws <= $3
                OR r.rank IN (1, r.draws / 2 + 1, r.draws)
                OR r.rank * ($3 - 3) / r.draws > (r.rank - 1) * ($3 - 3) / r.draws
        )
        SELECT d.draw_index, d.reward, c.token_count, c.truncated, c.seed,
            CASE WHEN d.has_text THEN left(c.text, $4) END AS text,
            CASE WHEN d.has_text THEN length(c.text) END AS text_characters
        FROM d
        JOIN ogive.run_completions c ON c.draw_index = d.draw_index
        WHERE c.run_id = $1 AND c.prompt_id = $2
        ORDER BY d.rank
        """
    /// $2 prompt, $3 most, $4 most characters.
    static let exampleCandidates = """
        SELECT k.candidate_index, k.reward, \(cut("k.label", "label", "$4")),
            \(cut("k.text", "text", "$4"))
        FROM ogive.candidates k
        WHERE k.run_id = $1 AND k.prompt_id = $2 AND k.reward IS NOT NULL
        ORDER BY k.candidate_index LIMIT $3
        """
}
