internal import Postgres

/// SQL of exports. Everywhere: $1 run, $2 snapshot or NULL.
enum ExportQueries {
    /// Where the tables are: the numbers of the run, of its sampling and of the snapshot (0: what
    /// is there now); and how its policy was sampled.
    static let place = """
        SELECT p.run_id, p.sampling_id, ogive.snapshot_id($1, $2) AS snapshot_id, p.api,
            p.samples_model, p.temperature
        FROM ogive.run_policies p WHERE p.run_id = ogive.run_id($1)
        """
    /// What `ExportSurvey` holds, of the prompts in the band. $1 snapshot, $2 run, $3 how many
    /// rewards are wanted, $4 the API; with a band from $5 on `bandParameters`.
    static func survey(isPinned: Bool, hasBand: Bool) -> String {
        """
        SELECT count(*) AS tables, min(x.n) AS least, max(x.n) AS most,
            count(*) FILTER (WHERE x.n < $3::integer) AS few,
            count(*) FILTER (WHERE c.is_chat) AS chats,
            count(*) FILTER (WHERE NOT c.is_chat) AS texts,
            count(*) FILTER (WHERE p.content #>> '{messages,-1,role}' = 'assistant') AS continued,
            count(*) FILTER (WHERE p.content ? 'tools') AS tools,
            count(*) FILTER (WHERE ogive.has_tool_calls(p.content)) AS calls,
            count(*) FILTER (WHERE c.is_chat AND ogive.single_turn(p.content, $4) IS NULL)
                AS several,
            count(*) FILTER (WHERE jsonb_path_exists(p.content, '$.messages[*].keyvalue()
                ? (@.key != "role" && @.key != "content")')) AS rich
        FROM (\(sizes(isPinned: isPinned, band: hasBand ? 5 : nil))) x
        JOIN ogive.prompts p ON p.prompt_id = x.prompt_id
        CROSS JOIN LATERAL (SELECT p.content ? 'messages' OR $4 = 'chat' AS is_chat) c
        """
    }
    /// How many prompts have a table, in the band or not. $1 snapshot, $2 run.
    static func tables(isPinned: Bool) -> String {
        "SELECT count(*) FROM (\(sizes(isPinned: isPinned))) x"
    }
    /// The first tables with fewer rewards than the largest. $1 snapshot, $2 run, $3 rewards of
    /// the largest; with a band from $4 on `bandParameters`.
    static func shortTables(isPinned: Bool, hasBand: Bool) -> String {
        """
        SELECT p.key, x.n FROM (\(sizes(isPinned: isPinned, band: hasBand ? 4 : nil))) x
        JOIN ogive.prompt_rows p ON p.id = x.prompt_id
        WHERE x.n < $3::integer ORDER BY x.prompt_id LIMIT 5
        """
    }
    /// The prompts with a table after one, in order. $1 snapshot, $2 run, $3 the one before.
    /// One cursor reads them all: a statement for each page may read all tables that are left.
    static func prompts(isPinned: Bool) -> String {
        """
        SELECT x.prompt_id FROM (\(sizes(isPinned: isPinned))) x
        WHERE x.prompt_id > $3 ORDER BY x.prompt_id
        """
    }
    /// The prompts with a table and its size; with `band` those in the band that the parameters
    /// from this number on say.
    private static func sizes(isPinned: Bool, band: Int? = nil) -> String {
        guard let band else { return sizes(isPinned) }
        return """
            SELECT s.prompt_id, s.n FROM (\(sizes(isPinned))) s
            JOIN \(inBand(run: "$\(band)", snapshot: "$\(band + 1)", from: band + 2)) r
                ON r.prompt_id = s.prompt_id
            """
    }
    /// The prompts in a band, which the parameters from a number on say: as `ogive.pass_rates`
    /// chooses them, which alone defines what a pass rate is.
    private static func inBand(run: String, snapshot: String, from number: Int) -> String {
        """
        ogive.pass_rates(\(run), '{}', $\(number)::float8, $\(number + 1)::float8,
            $\(number + 2)::float8, snapshot => \(snapshot))
        """
    }
    /// The parameters of a band: the names of run and snapshot, and `values`.
    static func bandParameters(_ request: ExportRequest) -> [PostgresValue] {
        guard let band = request.band else { return [] }
        return [.string(request.run), .optional(request.snapshot, PostgresValue.string)]
            + values(band)
    }
    private static func values(_ band: PassRateBand) -> [PostgresValue] {
        [
            .optional(band.passesFrom, PostgresValue.double), .double(band.minRate),
            .double(band.maxRate),
        ]
    }
    private static func sizes(_ isPinned: Bool) -> String {
        // Both parameters are named, so that both forms have the same.
        isPinned
            ? """
            SELECT m.prompt_id, cardinality(m.draw_indexes) AS n
            FROM ogive.snapshot_table_rows m
            WHERE m.snapshot_id = $1 AND $2::bigint > 0 AND cardinality(m.draw_indexes) > 0
            """
            : """
            SELECT t.prompt_id, t.n FROM ogive.quantile_tables t
            WHERE t.run_id = $2 AND $1::bigint = 0
            """
    }

    /// What a snapshot pins, beside what is left of it. $1 snapshot.
    static let pinned = """
        SELECT (s.manifest #>> '{counts,draws}')::bigint AS draws,
            (s.manifest #>> '{counts,tables}')::bigint AS tables,
            (s.manifest #>> '{counts,candidates}')::bigint AS candidates, f.tables AS found_tables,
            f.draws AS found_draws, f.candidates AS found_candidates
        FROM ogive.snapshot_rows s
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE m.draw_indexes <> '{}') AS tables,
                coalesce(sum(d.draws), 0)::bigint AS draws,
                coalesce(sum(k.candidates), 0)::bigint AS candidates
            FROM ogive.snapshot_table_rows m
            CROSS JOIN LATERAL (
                SELECT count(*) AS draws
                FROM ogive_internal.completions(s.sampling_id, m.prompt_id, m.draws) c
                WHERE c.draw_index = ANY (m.draw_indexes || m.unscored_indexes)
            ) d
            CROSS JOIN LATERAL (
                SELECT count(*) AS candidates FROM ogive.candidate_rows w
                WHERE w.prompt_id = m.prompt_id AND w.candidate_index = ANY (m.candidate_indexes)
            ) k
            WHERE m.snapshot_id = s.id
        ) f
        WHERE s.id = $1
        """

    /// Whether all completions of a run have a log-probability, but those whose text lost bytes: a
    /// server may give none of such tokens, and the rows say so. $1 run, $2 its sampling.
    static let drawsHaveLogProbabilities = """
        SELECT NOT EXISTS (SELECT FROM ogive.runs r
            JOIN ogive.completion_rows c ON c.sampling_id = $2
                AND c.draw_index < r.draws AND c.log_probability IS NULL
                AND strpos(c.text, chr(65533)) = 0
            WHERE r.id = $1)
        """
    /// Whether all candidates with a reward do. $1 run, $2 snapshot.
    static let candidatesHaveLogProbabilities = """
        SELECT NOT EXISTS (SELECT FROM ogive.run_tables t
            WHERE t.run_id = $1 AND t.snapshot_id = $2
                AND array_position(t.candidate_log_probabilities, NULL) IS NOT NULL)
        """
    /// What an export without a snapshot is of. $1 run.
    static let source = """
        SELECT jsonb_build_object('run', r.name, 'snapshot', NULL, 'run_state', r.state,
            'run_spec', r.spec, 'sampling_spec', s.spec,
            'sampling_sha256', encode(s.spec_sha256, 'hex'),
            'policy_fingerprint', s.policy_fingerprint, 'scoring_spec', g.spec,
            'scoring_sha256', encode(g.spec_sha256, 'hex'),
            'scorer_fingerprint', g.scorer_fingerprint,
            'adopted', coalesce(s.spec #>> '{policy,kind}' = 'adopted', false),
            'schema_version', (SELECT max(number) FROM ogive.migrations))::text
        FROM ogive.runs r
        JOIN ogive.samplings s ON s.id = r.sampling_id
        JOIN ogive.scorings g ON g.id = r.scoring_id
        WHERE r.name = $1
        """
    static let manifest =
        "SELECT manifest::text FROM ogive.snapshots WHERE run = $1 AND snapshot = $2"
    static let meanSpread = "SELECT ogive.mean_reward_spread($1, $2)"

    /// The rows of a page of prompts. $3 prompts, the rest as `parameters` has it. The prompt and
    /// why a log-probability is missing, and then the line, or the columns that it is made of and
    /// that `shared` does not read.
    static func rows(
        _ request: ExportRequest, _ columns: [ExportColumn], hasLogProbabilities: Bool
    ) -> String {
        let list =
            switch request.format {
            case .csv: columns.map(\.cell).joined(separator: ", ")
            case .jsonl, .parquet:
                columns.count > ExportLines.columnsMax
                    ? line(columns)
                    : columns.filter { $0.ofPrompt == nil }.map(\.field.sql).joined(
                        separator: ", ")
            }
        return """
            SELECT x.prompt_id AS export_prompt,
                \(hasLogProbabilities ? "x.missing" : "NULL::text") AS export_missing, \(list)
            FROM \(request.target.rows.source)
            x WHERE x.prompt_id = ANY ($3)\(chosen(request)) ORDER BY \(order(request.target))
            """
    }

    /// What all rows of a prompt have, of a page of prompts; `nil` where a row brings all that it
    /// has. $1 run, $3 prompts.
    static func shared(_ request: ExportRequest, _ columns: [ExportColumn]) -> String? {
        guard request.format != .csv, columns.count <= ExportLines.columnsMax else { return nil }
        let fields = columns.compactMap(\.sharedField)
        guard !fields.isEmpty else { return nil }
        return """
            SELECT p.prompt_id AS export_prompt, \(fields.joined(separator: ", "))
            FROM ogive.prompts p JOIN ogive.run_policies v ON v.run = $1
            WHERE p.prompt_id = ANY ($3) ORDER BY p.prompt_id
            """
    }

    /// The condition of rows on the band of the request, whose parameters are the last ones.
    private static func chosen(_ request: ExportRequest) -> String {
        guard request.band != nil else { return "" }
        let rows = request.target.rows
        let first = 4 + rows.options.count + (rows.takesMeanSpread ? 1 : 0)
        return """
             AND x.prompt_id IN (
                SELECT r.prompt_id FROM \(inBand(run: "$1", snapshot: "$2", from: first)) r
                WHERE r.prompt_id = ANY ($3))
            """
    }

    /// A line of JSON that the server makes, of more columns than a result may have. In parts: a
    /// function takes no more than a hundred arguments.
    private static func line(_ columns: [ExportColumn]) -> String {
        let parts = stride(from: 0, to: columns.count, by: 40).map { start in
            let some = columns[start..<min(start + 40, columns.count)]
            let fields = some.map { "'\($0.name)', \($0.json)" }
            return "json_build_object(\(fields.joined(separator: ", ")))::text"
        }
        return joined(parts)
    }

    /// One object of the texts of several.
    private static func joined(_ objects: [String]) -> String {
        guard objects.count > 1 else { return objects.joined() }
        let inner = objects.enumerated().map { place, object in
            "left(\(place == 0 ? object : "substr(\(object), 2)"), -1)"
        }
        return inner.joined(separator: " || ', ' || ") + " || '}'"
    }

    private static func order(_ target: ExportTarget) -> String {
        (["prompt_id"] + target.rows.order).map { "x.\($0)" }.joined(separator: ", ")
    }

    /// Texts as SQL writes them. $1 texts.
    static let quoted = """
        SELECT quote_literal(u.text) FROM unnest($1::text[]) WITH ORDINALITY u(text, place)
        ORDER BY u.place
        """

    /// The parameters from $4 on.
    static func parameters(_ request: ExportRequest, meanSpread: Double?) -> [PostgresValue] {
        let options = request.target.options.map { option -> PostgresValue in
            switch option {
            case .strategy: .string(request.strategy)
            case .k: .optional(request.k) { .int64(Int64($0)) }
            case .pairs: .int64(Int64(request.pairs))
            case .seed: .int64(request.seed)
            case .minGap: .optional(request.minGap, PostgresValue.double)
            case .dropEqual: .bool(request.dropEqual)
            case .refRewards: .optional(request.refRewards) { .int64(Int64($0)) }
            case .threshold: .optional(request.threshold, PostgresValue.double)
            case .beta: .double(request.beta)
            case .transform: .string(request.transform)
            case .ties: .string(request.ties)
            case .partitionFunction: .string(request.partitionFunction)
            }
        }
        let spread: [PostgresValue] =
            request.target.rows.takesMeanSpread
            ? [.optional(meanSpread, PostgresValue.double)] : []
        return options + spread + (request.band.map(values) ?? [])
    }
}
