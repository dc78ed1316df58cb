internal import Postgres

/// SQL of exports. Everywhere: $1 run, $2 snapshot or NULL.
enum ExportQueries {
    /// Where the tables are: the number of the scoring and of the snapshot (0: what is there now).
    static let place = """
        SELECT r.id AS run_id, r.sampling_id, r.scoring_id, ogive.snapshot_id($1, $2) AS snapshot_id
        FROM ogive.runs r WHERE r.id = ogive.run_id($1)
        """
    /// How many tables there are, and the sizes of the smallest and the largest. $1 snapshot, $2
    /// run, $3 how many rewards are wanted.
    static func tables(isPinned: Bool) -> String {
        """
        SELECT count(*) AS tables, min(x.n) AS least, max(x.n) AS most,
            count(*) FILTER (WHERE x.n < $3::integer) AS few
        FROM (\(sizes(isPinned: isPinned))) x
        """
    }
    /// The first tables with fewer rewards than the largest. $1 snapshot, $2 run, $3 rewards of
    /// the largest.
    static func shortTables(isPinned: Bool) -> String {
        """
        SELECT p.key, x.n FROM (\(sizes(isPinned: isPinned))) x
        JOIN ogive.prompt_rows p ON p.id = x.prompt_id
        WHERE x.n < $3::integer ORDER BY x.prompt_id LIMIT 5
        """
    }
    /// The next prompts with a table. $1 snapshot, $2 run, $3 cursor, $4 most.
    static func prompts(isPinned: Bool) -> String {
        """
        SELECT x.prompt_id FROM (\(sizes(isPinned: isPinned))) x
        WHERE x.prompt_id > $3 ORDER BY x.prompt_id LIMIT $4
        """
    }
    private static func sizes(isPinned: Bool) -> String {
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

    /// Whether all completions of a run have a log-probability. $1 run, $2 its sampling.
    static let drawsHaveLogProbabilities = """
        SELECT NOT EXISTS (SELECT FROM ogive.runs r
            JOIN ogive.completion_rows c ON c.sampling_id = $2
                AND c.draw_index < r.draws AND c.log_probability IS NULL
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

    /// The rows of a page of prompts. $3 prompts, the rest as `parameters` has it.
    static func rows(_ request: ExportRequest, _ columns: [ExportColumn]) -> String {
        let list: String
        switch request.format {
        case .jsonl, .parquet:
            let fields = columns.map { "'\($0.name)', \($0.value)" }
            list = "json_build_object(\(fields.joined(separator: ", ")))::text AS line"
        case .csv:
            list = columns.map { column in
                let value = column.isText ? column.value : "to_json(\(column.value))"
                return "(\(value))::text AS \(column.name)"
            }.joined(separator: ", ")
        }
        let lacking =
            request.target.logProbabilities == nil
            ? "false"
            : "x.ref_chosen_log_probability IS NULL OR x.ref_rejected_log_probability IS NULL"
        return """
            SELECT x.prompt_id AS export_prompt, (\(lacking)) AS lacks_log_probability, \(list)
            FROM \(body(request))
            """
    }

    /// No rows, with the columns as the database declares them: the parameters of `rows`.
    static func types(_ request: ExportRequest, _ columns: [ExportColumn]) -> String {
        let list = columns.map { "(\($0.value)) AS \($0.name)" }.joined(separator: ", ")
        return "SELECT \(list) FROM \(body(request)) LIMIT 0"
    }

    private static func body(_ request: ExportRequest) -> String {
        let rows = request.target.rows
        let least = rows.isOfPairs ? request.refRewards : nil
        let enough = least.map { " AND x.n >= \($0)" } ?? ""
        let order = (["prompt_id"] + rows.order).map { "x.\($0)" }.joined(separator: ", ")
        return """
            \(rows.source)
            x WHERE x.prompt_id = ANY ($3)\(enough) ORDER BY \(order)
            """
    }

    /// The parameters from $4 on.
    static func parameters(_ request: ExportRequest, meanSpread: Double?) -> [PostgresValue] {
        let options = request.target.options.map { option -> PostgresValue in
            switch option {
            case .strategy: .string(request.strategy)
            case .k: .int64(Int64(request.k))
            case .pairs: .int64(Int64(request.pairs))
            case .seed: .int64(request.seed)
            case .beta: .double(request.beta)
            case .transform: .string(request.transform)
            case .ties: .string(request.ties)
            }
        }
        guard request.target.rows.takesMeanSpread else { return options }
        return options + [.optional(meanSpread, PostgresValue.double)]
    }
}
