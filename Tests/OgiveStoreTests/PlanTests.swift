import OgiveCore
import OgiveTesting
import Postgres
import Testing

@testable import OgiveStore

extension StoreTests {
    /// The planner knows nothing of a table in its first minute, and what it knows later is old
    /// while a run grows: the work must not depend on it.
    @Suite("plans, whatever the planner knows", .timeLimit(.minutes(10)))
    struct PlanTests {
        /// As the dashboard's sessions are set (`DashboardStore`).
        private static let dashboard = "SELECT set_config('enable_bitmapscan', 'off', true)"

        @Test("a run's end looks at each prompt a few times", arguments: [true, false])
        func finishes(isAnalyzed: Bool) async throws {
            let prompts = 6000
            try await Self.withRun(prompts: prompts, isAnalyzed: isAnalyzed) { database, run in
                let id = "\(run.id.rawValue)"
                let extent = [id, id, "1", "true", id, "true", "true", id]
                let rows = try await database.rowsTouched(
                    by: RunQueries.isPending, extent, after: PagingQueries.readByIndexes)
                #expect(rows > prompts && rows < 20 * prompts)
            }
        }

        @Test("an audit looks at each row a few times", arguments: [true, false])
        func audits(isAnalyzed: Bool) async throws {
            let checks: [(String, String, [String])] = [
                ("missing draws", AuditQueries.missingDraws, ["1", "1", "1", "1", "1"]),
                ("missing candidates", AuditQueries.missingCandidates, ["1", "1"]),
                ("tables", AuditQueries.tables, ["1", "1"]),
                ("extras", AuditQueries.extras, ["1", "1", "1"]),
                ("contradictions", AuditQueries.contradictions, ["1"]),
                ("parts", AuditQueries.parts, ["1"]),
                ("counters", AuditQueries.counters, ["1", "1", "1", "1"]),
                ("landed", AuditQueries.landed, ["1", "1", "1", "1", "1"]),
            ]
            let prompts = 2000
            try await Self.withRun(
                prompts: prompts, candidates: true, isAnalyzed: isAnalyzed
            ) { database, _ in
                for (name, sql, values) in checks {
                    let rows = try await database.rowsTouched(
                        by: sql, values, after: AuditQueries.joinByHash)
                    #expect(rows < 40 * prompts, "\(name)")
                }
            }
        }

        @Test("a landing looks up its prompts, and at no others", arguments: [true, false])
        func lands(isAnalyzed: Bool) async throws {
            let two = "'{5,6}'"
            let checks: [(String, String, [String])] = [
                ("foreign prompts", LandingQueries.foreignPrompts, ["1", two]),
                ("failures", LandingQueries.failures, ["1", two]),
                ("tables", LandingQueries.tables, ["1", two]),
                ("completions", LandingQueries.completions, ["1", two, "'{0,0}'", "'{9,9}'"]),
                ("lengths", LandingQueries.lengths, ["1", two]),
                ("candidates", LandingQueries.candidates, ["1", "1", two]),
                (
                    "tails", LandingQueries.growTails,
                    [
                        "1", "0", two, "'{1,1}'", "'{1,1}'", "'{1,2}'", "'{7,7}'", "'{1,2}'",
                        "'{1,2}'",
                    ]
                ),
            ]
            try await Self.withRun(
                prompts: 6000, candidates: true, isAnalyzed: isAnalyzed
            ) { database, _ in
                for (name, sql, values) in checks {
                    let rows = try await database.rowsTouched(by: sql, values, after: "SELECT 1")
                    #expect(rows < 60, "\(name)")
                }
            }
        }

        @Test(
            "one look finds the last table of a scoring that the planner has not heard of",
            arguments: [true, false])
        func findsTheLast(isAnalyzed: Bool) async throws {
            let two = "'{5999,6000}'"
            try await Self.withRun(prompts: 6000, isAnalyzed: isAnalyzed) { database, _ in
                try await Self.addTables(database)
                let page = [
                    "1", "5900", "2", "1", "true", "100", "true", "2", "true", "true", "2",
                    "20000", "false", "'{1}'",
                ]
                let none = "'{6001,6002}'"
                for (name, sql, values, most) in [
                    ("tables", LandingQueries.tables, ["2", two], 60),
                    (
                        "completions", LandingQueries.completions,
                        ["2", two, "'{0,0}'", "'{9,9}'"], 60
                    ),
                    ("no table", LandingQueries.tables, ["2", none], 60),
                    ("stretch", LandingQueries.promptsOfStretch, ["1", "7", "16"], 60),
                    ("page", PagingQueries.prompts, page, 2000),
                    ("texts", PagingQueries.unscored, ["2", "2", two, "1"], 60),
                    ("failures", PagingQueries.failures, ["2", two], 60),
                ] {
                    for isPrepared in [true, false] {
                        let rows = try await database.rowsTouched(
                            by: sql, values, after: PagingQueries.readByIndexes,
                            isPrepared: isPrepared)
                        #expect(rows < most, "\(name), prepared: \(isPrepared)")
                    }
                }
            }
        }

        /// Another version with texts and tables for all prompts, which nothing has analysed.
        private static func addTables(_ database: TestDatabase) async throws {
            let next = try await database.store.submit(
                TestDatabase.spec("next", draws: 1, policy: "policy-2")
            ).run
            try #require(next.id.rawValue == 2)
            for statement in [
                """
                INSERT INTO ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to,
                    updated_at, draw_indexes, draw_rewards, rewards)
                SELECT 2, id, 1, 1, now(), '{0}', '{1}', '{1}' FROM ogive.prompt_rows
                """,
                """
                INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, worker,
                    landed_at, text, finish_reason)
                SELECT 2, id, 0, gen_random_uuid(), now(), 'text', 'stop' FROM ogive.prompt_rows
                """,
            ] {
                try await database.query(statement)
            }
        }

        @Test("completions of a prompt are read by the index, however many prompts there are")
        func readsCompletions() async throws {
            try await Self.withRun(prompts: 20_000, isAnalyzed: true) { database, _ in
                let plan = try await database.query(
                    """
                    EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF)
                    SELECT count(draw.text) FROM (SELECT id FROM ogive.prompt_rows LIMIT 200)
                        AS prompt, LATERAL ogive_internal.completions(1, prompt.id, 8) AS draw
                    """
                ).map { try $0.decode(0, as: String.self) }
                // All that is below the first node is counted in it.
                let line = try #require(plan.first { $0.contains("Buffers:") })
                let blocks = line.matches(of: /(?:hit|read)=(\d+)/).compactMap { Int($0.1) }
                #expect(blocks.reduce(0, +) < 200 * 20, "\(plan.joined(separator: "\n"))")
            }
        }

        @Test("a look at some tables reads these, however many there are")
        func readsSomeTables() async throws {
            try await Self.withRun(prompts: 20_000, isAnalyzed: true) { database, _ in
                let next = try await database.rowsTouched(
                    by: ReadingQueries.nextPrompt, ["'set'", "9000"], after: "SELECT 1")
                #expect(next < 20)
                let census = try await database.rowsTouched(
                    by: ReadingQueries.census, ["'run'", "9001", "9200"], after: "SELECT 1")
                #expect(census >= 200 && census < 20 * 200)
            }
        }

        @Test("a page of the dashboard reads what it shows, however many prompts there are")
        func showsPages() async throws {
            let run = ["1", "1"]
            let some = "'{" + (9001...9200).map { "\($0)" }.joined(separator: ",") + "}'"
            let checks: [(String, String, [String], Int)] = [
                ("in order", DashboardQueries.promptsInOrder, ["240", "1", "9000"], 4000),
                ("by key", DashboardQueries.promptsByKey, ["240", "1", "'p1'"], 4000),
                ("named", DashboardQueries.promptsNamed, ["240", "1", "'{5,9000}'"], 100),
                ("rewards", DashboardQueries.rewards, ["'{5,9000}'"], 100),
                ("quantiles", DashboardQueries.quantiles, ["'{5,9000}'"], 100),
                (
                    "filter",
                    DashboardQueries.filter(
                        PromptFilter(property: .failed, quantileLeast: 0.5), most: 200),
                    ["1", "9000"], 12_000
                ),
                (
                    "filter of a list",
                    DashboardQueries.filterNamed(PromptFilter(quantileMost: 0.5)),
                    ["1", some], 12_000
                ),
                (
                    "snapshots", RunComparisonQueries.snapshots(isAll: false),
                    ["1", "100", "1", "0", "240"], 8000
                ),
                (
                    "drift", RunComparisonQueries.drift(isAll: false, hasPValues: true),
                    ["1", "100", "'run'", "'next'", "'{0.5}'", "240"], 8000
                ),
                ("ranks", DashboardQueries.ranks(most: 200), ["1", "9000"], 12_000),
                ("sample", DashboardQueries.sample(isAll: false), ["1", "100"], 4000),
                ("degenerate", DashboardQueries.degenerate(isAll: false), ["1", "100"], 4000),
                (
                    "lengths", DashboardQueries.lengths(isAll: false, inTokens: true),
                    ["1", "100", "8"], 4000
                ),
                (
                    "comparison", DashboardQueries.comparison(isAll: false),
                    ["1", "100", "1", "1", "8"], 6000
                ),
            ]
            for isAnalyzed in [true, false] {
                try await Self.withRun(
                    prompts: 20_000, candidates: true, isAnalyzed: isAnalyzed
                ) { database, _ in
                    try await Self.addVersion(database, isAnalyzed: isAnalyzed)
                    for (name, sql, values, most) in checks {
                        let rows = try await database.rowsTouched(
                            by: sql, run + values, after: Self.dashboard,
                            isPrepared: true)
                        #expect(rows < most, "\(name), analyzed: \(isAnalyzed)")
                    }
                    try await Self.showsOne(database, isAnalyzed: isAnalyzed)
                }
            }
        }

        /// Failures, and the pages of one prompt.
        private static func showsOne(
            _ database: TestDatabase, isAnalyzed: Bool
        ) async throws {
            let run = ["1", "1"]
            let failures = try await database.rowsTouched(
                by: DashboardQueries.failures, run + ["240"],
                after: DashboardQueries.nestLoops, isPrepared: true)
            // All that are counted, which are half of them, and no others.
            #expect(
                failures > FailureSample.most && failures < 16 * FailureSample.most,
                "failures, analyzed: \(isAnalyzed)")
            let prompt = try await database.rowsTouched(
                by: DashboardQueries.prompt, ["1", "9000", "4000"],
                after: Self.dashboard, isPrepared: true)
            #expect(prompt < 40)
            for (name, sql, values) in [
                (
                    "completion", DashboardQueries.completion,
                    ["1", "9000", "0", "100", "8"]
                ),
                ("unscored", DashboardQueries.unscored, run + ["9000"]),
                ("failures of one", DashboardQueries.promptFailures, run + ["9000", "9"]),
                ("example", ReportQueries.example, ["1", "9000", "100"]),
                ("draws", ReportQueries.exampleDraws, ["1", "9000", "256", "9"]),
                ("candidates", ReportQueries.exampleCandidates, ["1", "9000", "9", "9"]),
            ] {
                let rows = try await database.rowsTouched(
                    by: sql, values, after: Self.dashboard,
                    isPrepared: true)
                #expect(rows < 60, "\(name), analyzed: \(isAnalyzed)")
            }
        }

        @Test("a run's end tells the planner of tables that it has not seen")
        func analyzes() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 1)
                let (store, term) = (database.store, try await database.store.lead(as: "test"))
                for pending in try await database.pending(run) {
                    _ = try await store.land(
                        Made.batch(run, pending.prompt.id, [Made.draw(0, "a", reward: 1)]),
                        term: term)
                }
                #expect(try await store.finish(run.id, term: term) == .finished)
                let rows: Float = try await database.value(
                    "SELECT reltuples FROM pg_class WHERE relname = 'quantile_table_rows'")
                #expect(rows == 2)
                let again: Int64 = try await database.value(
                    "SELECT ogive_internal.analyze_new_tables()")
                #expect(again == 0)
            }
        }

        /// Another version with tables for all prompts, a snapshot of the run, and failures of
        /// all prompts.
        private static func addVersion(
            _ database: TestDatabase, isAnalyzed: Bool
        ) async throws {
            let next = try await database.store.submit(
                TestDatabase.spec("next", draws: 1, policy: "policy-2")
            ).run
            try await database.query(
                """
                INSERT INTO ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to,
                    updated_at, draw_indexes, draw_rewards, rewards)
                SELECT o.scoring_id, p.id, 1, 1, now(), '{0}', '{2}', '{2}'
                FROM ogive.prompt_rows p, ogive.runs o WHERE o.id = \(next.id.rawValue)
                """)
            try await database.query(
                """
                INSERT INTO ogive.failure_rows (scoring_id, prompt_id, item_index, attempts,
                    failed_at, worker, item_kind, stage, code, message)
                SELECT 1, id, 0, 3, now(), gen_random_uuid(), 'draw', 'scoring', 'timeout', 'no'
                FROM ogive.prompt_rows
                """)
            _ = try await database.store.makeSnapshot(
                ofRun: "run", named: "early", allowsPending: true, program: "test")
            if isAnalyzed { try await database.query("ANALYZE") }
        }

        /// A run all of whose draws and candidates are there, made by SQL.
        private static func withRun(
            prompts: Int, candidates: Bool = false, isAnalyzed: Bool,
            _ body: (TestDatabase, RunDescription) async throws -> Void
        ) async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(
                    prompts: prompts, draws: 1, candidates: candidates)
                try await database.query(
                    """
                    INSERT INTO ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to,
                        updated_at, draw_indexes, draw_rewards, rewards)
                    SELECT 1, id, 1, 1, now(), '{0}', '{1}', '{1}' FROM ogive.prompt_rows
                    """)
                try await database.query(
                    """
                    INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, worker,
                        landed_at, text, finish_reason)
                    SELECT 1, id, 0, gen_random_uuid(), now(), 'text', 'stop'
                    FROM ogive.prompt_rows
                    """)
                try await database.query(
                    """
                    INSERT INTO ogive.candidate_reward_rows
                        (scoring_id, prompt_id, candidate_index, reward)
                    SELECT 1, prompt_id, candidate_index, 1 FROM ogive.candidate_rows
                    """)
                if isAnalyzed { try await database.query("ANALYZE") }
                try await body(database, run)
            }
        }
    }
}

extension TestDatabase {
    /// How many rows the nodes of a query's plan give or drop in all, in a transaction that begins
    /// with `setup`. `isPrepared`: planned before its parameters are known, as the dashboard's are.
    fileprivate func rowsTouched(
        by query: String, _ values: [String], after setup: String, isPrepared: Bool = false
    ) async throws -> Int {
        var sql = query
        let connection = try await PostgresConnection.connect(configuration)
        try await connection.execute("BEGIN")
        _ = try await connection.query(setup)
        if isPrepared {
            try await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            try await connection.execute("PREPARE statement AS " + query)
            sql = "EXECUTE statement(\(values.joined(separator: ", ")))"
        } else {
            for (index, value) in values.enumerated().reversed() {
                sql = sql.replacing("$\(index + 1)", with: value)
            }
        }
        let plan = try await connection.query("EXPLAIN (ANALYZE, TIMING OFF) " + sql)
            .map { try $0.decode(0, as: String.self) }
        await connection.close()
        var (touched, loops) = (0, 1.0)
        for line in plan {
            if let node = line.firstMatch(of: /actual rows=([\d.]+) loops=(\d+)/) {
                loops = Double(node.2) ?? 1
                touched += Int((Double(node.1) ?? 0) * loops)
            } else if let dropped = line.firstMatch(of: /Rows Removed by [A-Za-z ]+: (\d+)/) {
                touched += Int((Double(dropped.1) ?? 0) * loops)
            }
        }
        return touched
    }
}
