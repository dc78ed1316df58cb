internal import OgiveCore

/// SQL behind `ogive dashboard`: on views that a reader may read. Where a run is read, its number
/// and that of its scoring are both given: with the second one as a constant, an index gives the
/// tables in order of prompt, and a page reads no more rows than it shows. OFFSET 0 keeps a look-up
/// for each row of a page from becoming a join with all tables, which the planner takes for few as
/// long as it has no statistics. A session plans a statement once, whatever its parameters: so how
/// many rows there are at most stands in the text, of which there are a few.
enum DashboardQueries {
    static func time(_ value: String) -> String {
        "to_char(\(value) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    }

    /// A text and its length, cut to $`limit` characters.
    static func cut(_ text: String, _ name: String, _ limit: String) -> String {
        "left(\(text), \(limit)) AS \(name), length(\(text)) AS \(name)_characters"
    }

    /// An array of numbers as `PackedNumbers` reads it: to write each number in digits would take
    /// the server ten times as long as all the rest.
    static func packed(_ numbers: String, _ name: String) -> String {
        "array_send(\(numbers)) AS \(name)"
    }

    static let mayRead = "SELECT pg_has_role(session_user, 'ogive_reader', 'MEMBER') AS may_read"

    static let now = "SELECT \(time("now()")) AS now"

    private static let overview = """
        SELECT v.run_id, x.prompt_set_id, v.scoring_id, v.run, v.state, v.prompt_set,
            coalesce(v.policy, '') AS policy, coalesce(v.scorer, '') AS scorer, v.synthetic,
            \(time("v.submitted_at")) AS submitted_at, \(time("v.finished_at")) AS finished_at,
            v.prompts, v.draws, v.target_draws, v.sampled, v.landed, v.failures,
            v.pending, v.target_candidates, v.landed_candidates, v.candidate_failures,
            v.target_log_probabilities, v.landed_log_probabilities, v.log_probability_failures,
            v.tokens, v.truncated, v.mean_reward, m.cost
        FROM ogive.run_status v
        JOIN ogive.run_specifications x USING (run_id)
        LEFT JOIN ogive.run_spending m USING (run_id)
        """
    /// $1 number before which.
    static func runs(most: Int) -> String {
        overview + " WHERE v.run_id < $1 ORDER BY v.run_id DESC LIMIT \(most)"
    }
    /// $1 run.
    static let run = overview + " WHERE v.run_id = $1"
    /// What a run samples and scores. $1 run.
    static let source = """
        SELECT jsonb_pretty(s.run_spec - 'scoring') AS run_spec,
            jsonb_pretty(s.scoring_spec) AS scoring_spec, s.sampling_sha256, s.scoring_sha256,
            jsonb_pretty(s.policy_fingerprint) AS policy_fingerprint,
            jsonb_pretty(s.scorer_fingerprint) AS scorer_fingerprint,
            coalesce(s.sampling_spec #>> '{policy,kind}' = 'adopted', false) AS adopted,
            \(time("now()")) AS made_at,
            (SELECT max(number) FROM ogive.migrations) AS schema_version,
            current_setting('server_version') AS server_version
        FROM ogive.run_specifications s WHERE s.run_id = $1
        """
    /// What makes `failures` end with its limit: other joins than nested loops, and bitmaps, read
    /// all failures, or all prompts, before they give the first row.
    static let nestLoops = """
        SELECT set_config('enable_hashjoin', 'off', true),
            set_config('enable_bitmapscan', 'off', true),
            set_config('enable_mergejoin', 'off', true),
            set_config('max_parallel_workers_per_gather', '0', true)
        """
    /// What was given up, as far as it is counted. $1 run, $2 scoring, $3 most characters.
    static let failures = """
        WITH counted AS MATERIALIZED (
            SELECT f.prompt_id, f.item_kind, f.item_index, f.stage, f.code
            FROM ogive.failures f WHERE f.run_id = $1 AND f.scoring_id = $2
            LIMIT \(FailureSample.most)
        ), kinds AS (
            SELECT code, stage, count(*) AS failures, count(DISTINCT prompt_id) AS prompts,
                count(*) OVER () AS kinds
            FROM counted GROUP BY code, stage ORDER BY failures DESC, code, stage
            LIMIT \(ReportBounds.failureKinds)
        ), numbered AS (
            SELECT c.*, row_number() OVER (PARTITION BY c.code, c.stage
                ORDER BY c.prompt_id, c.item_kind, c.item_index) AS place
            FROM counted c
        )
        SELECT g.code, g.stage, g.failures, g.prompts, g.kinds,
            (SELECT count(*) FROM counted) AS counted, e.prompt_key, n.item_kind, n.item_index,
            \(cut("e.message", "message", "$3"))
        FROM kinds g
        JOIN numbered n ON n.code = g.code AND n.stage = g.stage
            AND n.place <= \(ReportBounds.failureExamples)
        CROSS JOIN LATERAL (
            SELECT f.prompt_key, f.message FROM ogive.failures f
            WHERE f.run_id = $1 AND f.scoring_id = $2 AND f.prompt_id = n.prompt_id
                AND f.item_kind = n.item_kind AND f.item_index = n.item_index OFFSET 0
        ) e
        ORDER BY g.failures DESC, g.code, g.stage, n.place
        """

    /// $1 run.
    static func history(most: Int) -> String {
        """
        SELECT extract(epoch FROM h.at)::float8 AS at, h.draws, h.failures, h.tokens
        FROM ogive.run_history h WHERE h.run_id = $1 ORDER BY h.at DESC LIMIT \(most)
        """
    }

    /// $1 run, $2 scoring.
    private static let tables =
        "FROM ogive.quantile_tables q WHERE q.run_id = $1 AND q.scoring_id = $2"
    /// Prompts of a run. $3 prompt set, $4 most: the first ones.
    private static let firstPlaces = """
        SELECT p.prompt_id FROM ogive.prompts p WHERE p.prompt_set_id = $3
        ORDER BY p.prompt_id + 0 LIMIT $4
        """
    /// At even distances between the first and the last prompt with a reward. $3 prompt set, $4
    /// most.
    private static let evenPlaces = """
        SELECT DISTINCT x.prompt_id
        FROM (
            SELECT (SELECT q.prompt_id \(tables) ORDER BY q.prompt_id LIMIT 1) AS low,
                (SELECT q.prompt_id \(tables) ORDER BY q.prompt_id DESC LIMIT 1) AS high OFFSET 0
        ) b
        CROSS JOIN generate_series(0, $4 - 1) i(number)
        CROSS JOIN LATERAL (
            SELECT p.prompt_id FROM ogive.prompts p
            WHERE p.prompt_set_id = $3 AND p.prompt_id + 0
                >= b.low + ((b.high - b.low)::float8 * i.number / greatest($4 - 1, 1))::bigint
            ORDER BY p.prompt_id + 0 LIMIT 1
        ) x
        """

    /// Candidates of a prompt of `page` that have a reward.
    private static let candidates = """
        FROM ogive.candidate_rewards c
        WHERE c.run_id = $1 AND c.scoring_id = $2 AND c.prompt_id = page.prompt_id
        """
    private static let failed = """
        CROSS JOIN LATERAL (
            SELECT count(*) AS failures FROM ogive.failures f
            WHERE f.run_id = $1 AND f.scoring_id = $2 AND f.prompt_id = page.prompt_id
        ) f
        """

    /// Some prompts of a run: the first ones, or at even distances among those with a reward.
    static func places(isAll: Bool) -> String { isAll ? firstPlaces : evenPlaces }

    /// Some tables. $3 prompt set, $4 most; `isAll`: there are no more.
    static func sample(isAll: Bool) -> String {
        """
        WITH places AS MATERIALIZED (\(places(isAll: isAll)))
        SELECT t.degenerate, \(packed("t.rewards", "rewards"))
        FROM places p
        CROSS JOIN LATERAL (
            SELECT q.prompt_id, q.degenerate, q.rewards \(tables) AND q.prompt_id = p.prompt_id
        ) t
        ORDER BY p.prompt_id
        """
    }
    static func degenerate(isAll: Bool) -> String {
        """
        WITH places AS MATERIALIZED (\(places(isAll: isAll)))
        SELECT count(*) AS tables, count(*) FILTER (WHERE t.degenerate) AS degenerate
        FROM places p
        CROSS JOIN LATERAL (
            SELECT q.degenerate \(tables) AND q.prompt_id = p.prompt_id
        ) t
        """
    }
    /// Completions of some prompts: of each those of the first $5 rewards. The rewards come from
    /// the table, which is read once: the view looks for each completion's in all of it.
    static func lengths(isAll: Bool, inTokens: Bool) -> String {
        """
        WITH places AS MATERIALIZED (\(places(isAll: isAll)))
        SELECT \(inTokens ? "c.token_count" : "length(c.text)") AS length, u.reward, c.truncated
        FROM places p
        CROSS JOIN LATERAL (
            SELECT q.draw_indexes[1:$5] AS indexes, q.draw_rewards[1:$5] AS rewards
            \(tables) AND q.prompt_id = p.prompt_id OFFSET 0
        ) t
        CROSS JOIN LATERAL (
            SELECT r.draw_index, r.token_count, r.text, r.truncated FROM ogive.run_completions r
            WHERE r.run_id = $1 AND r.prompt_id = p.prompt_id
                AND r.draw_index <= t.indexes[cardinality(t.indexes)] OFFSET 0
        ) c
        JOIN LATERAL unnest(t.indexes, t.rewards) u(draw_index, reward) USING (draw_index)
        \(inTokens ? "WHERE c.token_count IS NOT NULL" : "")
        """
    }
    /// $3 prompt set, $4 cursor.
    static func ranks(most: Int) -> String {
        """
        WITH page AS MATERIALIZED (
            SELECT p.prompt_id FROM ogive.prompts p
            WHERE p.prompt_set_id = $3 AND p.prompt_id + 0 > $4
            ORDER BY p.prompt_id + 0 LIMIT \(most)
        )
        SELECT page.prompt_id, \(packed("t.rewards", "rewards")), f.failures, k.least, k.most
        FROM page
        LEFT JOIN LATERAL (
            SELECT q.rewards \(tables) AND q.prompt_id = page.prompt_id OFFSET 0
        ) t ON true
        \(failed)
        CROSS JOIN LATERAL (
            SELECT min(c.quantile_reward) AS least, max(c.quantile_reward) AS most
            \(candidates) AND c.quantile_reward IS NOT NULL
        ) k
        ORDER BY page.prompt_id
        """
    }
    /// The same completions in two runs. $3 prompt set, $4 most prompts, $5 the other run, $6 its
    /// scoring, $7 most draws of a prompt.
    static func comparison(isAll: Bool) -> String {
        """
        WITH places AS MATERIALIZED (\(places(isAll: isAll)))
        SELECT p.prompt_id, a.draw_index, a.reward AS first, b.reward AS second,
            ogive.quantile_reward(t.rewards, a.reward) AS first_quantile,
            ogive.quantile_reward(o.rewards, b.reward) AS second_quantile
        FROM places p
        CROSS JOIN LATERAL (
            SELECT q.rewards, q.draw_indexes, q.draw_rewards \(tables)
                AND q.prompt_id = p.prompt_id OFFSET 0
        ) t
        CROSS JOIN LATERAL (
            SELECT q.rewards, q.draw_indexes, q.draw_rewards FROM ogive.quantile_tables q
            WHERE q.run_id = $5 AND q.scoring_id = $6 AND q.prompt_id = p.prompt_id OFFSET 0
        ) o
        CROSS JOIN LATERAL unnest(t.draw_indexes[1:$7], t.draw_rewards[1:$7])
            a(draw_index, reward)
        JOIN LATERAL unnest(o.draw_indexes, o.draw_rewards) b(draw_index, reward)
            USING (draw_index)
        ORDER BY p.prompt_id, a.draw_index
        """
    }

    /// The rows of a list of prompts, which `page` gives with `place`, their order: what rewards
    /// and candidates say is computed from `rewards` and `quantiles`. $1 run, $2 scoring, $3 most
    /// characters.
    private static func rows(_ page: String, _ columns: String) -> String {
        """
        WITH page AS MATERIALIZED (\(page))
        SELECT page.prompt_id, page.prompt_key, \(cut("page.prompt_key", "key", "$3")),
            \(columns), t.n, t.draws, f.failures, k.candidates
        FROM page
        \(state)
        \(failed)
        CROSS JOIN LATERAL (SELECT count(*) AS candidates \(candidates)) k
        """
    }

    /// How many rewards a prompt of `page` has, and how many are asked for: without reading any.
    private static let state = """
        LEFT JOIN LATERAL (
            SELECT q.n, q.draws \(tables) AND q.prompt_id = page.prompt_id OFFSET 0
        ) t ON true
        """
    /// The rewards of some tables. $3 prompts.
    static let rewards = """
        SELECT t.prompt_id, \(packed("t.rewards", "rewards"))
        FROM unnest($3::bigint[]) page(prompt_id)
        CROSS JOIN LATERAL (
            SELECT q.prompt_id, q.rewards \(tables) AND q.prompt_id = page.prompt_id OFFSET 0
        ) t
        """
    /// The quantile rewards of some prompts' candidates. $3 prompts.
    static let quantiles = """
        SELECT page.prompt_id, k.quantiles
        FROM unnest($3::bigint[]) page(prompt_id)
        CROSS JOIN LATERAL (
            SELECT array_agg(c.quantile_reward ORDER BY c.candidate_index) AS quantiles
            \(candidates) AND c.quantile_reward IS NOT NULL
        ) k
        WHERE k.quantiles IS NOT NULL
        """

    /// The text of a prompt, or the turns of its chat.
    private static let content = """
        coalesce(page.content ->> 'text', (
            SELECT string_agg(
                concat(m.turn ->> 'role', ': ', m.turn ->> 'content'), E'\\n\\n'
                ORDER BY m.number)
            FROM jsonb_array_elements(page.content -> 'messages')
                WITH ORDINALITY m(turn, number)), '')
        """
    private static let contentColumns = cut(content, "content", "$3")

    /// In order of import, one more than a page has. $4 prompt set, $5 cursor.
    static let promptsInOrder =
        rows(
            """
            SELECT p.prompt_id, p.prompt_key, p.content, p.prompt_id AS place FROM ogive.prompts p
            WHERE p.prompt_set_id = $4 AND p.prompt_id + 0 > $5
            ORDER BY p.prompt_id + 0 LIMIT \(PromptListing.rowsMax + 1)
            """, contentColumns) + " ORDER BY page.place"
    /// In order of key, one more than a page has. $4 prompt set, $5 first key.
    static let promptsByKey =
        rows(
            """
            SELECT p.prompt_id, p.prompt_key, p.content FROM ogive.prompts p
            WHERE p.prompt_set_id = $4 AND p.prompt_key >= $5
            ORDER BY p.prompt_key LIMIT \(PromptListing.rowsMax + 1)
            """, contentColumns) + " ORDER BY page.prompt_key"
    /// These. $4 prompt set, $5 numbers.
    static let promptsNamed =
        rows(
            """
            SELECT p.prompt_id, p.prompt_key, p.content, n.place
            FROM unnest($5::bigint[]) WITH ORDINALITY n(prompt_id, place)
            JOIN ogive.prompts p ON p.prompt_id = n.prompt_id AND p.prompt_set_id = $4
            """, contentColumns) + " ORDER BY page.place"
    /// What a filter goes by, of the next prompts. $3 prompt set, $4 cursor.
    static func filter(_ filter: PromptFilter, most: Int) -> String {
        filtering(
            filter,
            """
            SELECT p.prompt_id, p.prompt_id AS place FROM ogive.prompts p
            WHERE p.prompt_set_id = $3 AND p.prompt_id + 0 > $4
            ORDER BY p.prompt_id + 0 LIMIT \(most)
            """)
    }
    /// The same of these prompts. $3 prompt set, $4 numbers.
    static func filterNamed(_ filter: PromptFilter) -> String {
        filtering(
            filter,
            """
            SELECT p.prompt_id, n.place
            FROM unnest($4::bigint[]) WITH ORDINALITY n(prompt_id, place)
            JOIN ogive.prompts p ON p.prompt_id = n.prompt_id AND p.prompt_set_id = $3
            """)
    }

    /// OFFSET 0: or the planner may read all failures of the run once.
    private static func filtering(_ filter: PromptFilter, _ page: String) -> String {
        let failed = """
            EXISTS (SELECT FROM ogive.failures f WHERE f.run_id = $1 AND f.scoring_id = $2
                AND f.prompt_id = page.prompt_id OFFSET 0)
            """
        return """
            WITH page AS MATERIALIZED (\(page))
            SELECT page.prompt_id, t.n, t.draws,
                \(filter.property == .failed ? failed : "false") AS failed,
                \(filter.hasQuantiles ? "(SELECT count(*) \(candidates))" : "0") AS candidates
            FROM page
            \(state)
            ORDER BY page.place
            """
    }

    /// A prompt of a set. $1 prompt set, $2 prompt, $3 most characters.
    static let prompt = """
        WITH page AS MATERIALIZED (
            SELECT p.prompt_id, p.prompt_key, p.content FROM ogive.prompts p
            WHERE p.prompt_set_id = $1 AND p.prompt_id = $2
        )
        SELECT page.prompt_key, \(contentColumns),
            (SELECT max(o.prompt_id) FROM (
                SELECT p.prompt_id FROM ogive.prompts p
                WHERE p.prompt_set_id = $1 AND p.prompt_id + 0 < $2
                ORDER BY p.prompt_id + 0 DESC LIMIT 1) o) AS previous,
            (SELECT max(o.prompt_id) FROM (
                SELECT p.prompt_id FROM ogive.prompts p
                WHERE p.prompt_set_id = $1 AND p.prompt_id + 0 > $2
                ORDER BY p.prompt_id + 0 LIMIT 1) o) AS next
        FROM page
        """
    /// How many draws of a prompt have a reward, and how many are asked for; no row for none. $1
    /// run, $2 scoring, $3 prompt.
    static let tableState = "SELECT q.n, q.draws \(tables) AND q.prompt_id = $3"
    /// Draws that are in no table. $1 run, $2 scoring, $3 prompt.
    static let unscored = """
        SELECT c.draw_index FROM ogive.run_completions c
        WHERE c.run_id = $1 AND c.prompt_id = $3 AND c.draw_index NOT IN (
            SELECT u.index
            FROM (SELECT q.draw_indexes \(tables) AND q.prompt_id = $3) t
            CROSS JOIN LATERAL unnest(t.draw_indexes) u(index))
        ORDER BY c.draw_index LIMIT \(ReportBounds.draws)
        """
    /// $1 run, $2 scoring, $3 prompt, $4 most characters.
    static let promptFailures = """
        SELECT f.item_kind, f.item_index, f.stage, f.code, \(cut("f.message", "message", "$4"))
        FROM ogive.failures f
        WHERE f.run_id = $1 AND f.scoring_id = $2 AND f.prompt_id = $3
        ORDER BY f.item_kind, f.item_index LIMIT \(ReportBounds.draws)
        """
    /// $1 run, $2 prompt, $3 draw, $4 most characters, $5 most tokens.
    static let completion = """
        SELECT c.draw_index, \(cut("c.text", "text", "$4")), c.reward, c.quantile_reward,
            c.log_probability, c.token_count, c.finish_reason, c.seed,
            c.sample_ms::float8 AS sample_ms, c.worker::text AS worker,
            \(time("c.landed_at")) AS landed_at, c.token_ids[1:$5] AS token_ids,
            c.token_log_probabilities[1:$5]::float8[] AS token_log_probabilities
        \(draw)
        """

    private static let draw = """
        FROM ogive.run_completions c
        WHERE c.run_id = $1 AND c.prompt_id = $2 AND c.draw_index = $3
        """
    /// $1 run, $2 prompt, $3 draw, $4 most characters.
    static let textLength = """
        SELECT least(length(c.text), $4) AS characters, octet_length(left(c.text, $4)) AS bytes
        \(draw)
        """
    /// $1 run, $2 prompt, $3 draw, $4 how many characters before it, $5 most characters.
    static let textPart = "SELECT substr(c.text, $4 + 1, $5) AS part \(draw)"

    static let coordinator = """
        SELECT coordinator, term, leads, counts::text AS counts, \(time("since")) AS since,
            \(time("renewed_at")) AS renewed_at
        FROM ogive.coordinator_status
        """
    static let workers = """
        SELECT worker::text AS worker, name, state, note, \(time("seen_at")) AS seen_at,
            unavailable_endpoints::text AS outages, host, job, version, endpoints,
            draws_per_second, tokens_per_second, busy_share
        FROM ogive.worker_status
        WHERE current
        ORDER BY state IN ('left', 'lost'), seen_at DESC, name
        LIMIT \(FleetStatus.workersMax)
        """
}
