import OgiveCore
import OgiveTesting
import Postgres
import Testing

@testable import OgiveStore

extension StoreTests {
    /// A database holds the samplings of years. What is asked of one of them must not look at the
    /// others: a plan that names all partitions locks all of them, and takes seconds to make.
    @Suite("many samplings", .timeLimit(.minutes(10)))
    struct ManySamplingsTests {
        private static let others = 12

        /// Two runs of one sampling, one of which asks for more, beside samplings of other runs.
        private static func withRuns(
            _ body: (TestDatabase, RunDescription, PromptID, Term) async throws -> Void
        ) async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 4, candidates: true)
                _ = try await database.store.submit(TestDatabase.spec("few", draws: 2))
                for number in 0..<others {
                    _ = try await database.store.submit(
                        TestDatabase.spec("other\(number)", draws: 1, policy: "other\(number)"))
                }
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let items = [
                    Made.draw(0, "a", reward: 1), Made.draw(1, "b", reward: 2),
                    Made.draw(3, "d", reward: nil), Made.reward(.candidate(0), 3),
                ]
                _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
                try await body(database, run, prompt, term)
            }
        }

        /// Runs `body` while another session holds all partitions but that of sampling 1 for
        /// itself: whoever wants to lock one of them fails after a while.
        private static func whileOthersAreLocked(
            _ database: TestDatabase, _ body: (TestDatabase) async throws -> Void
        ) async throws {
            let holder = try await PostgresConnection.connect(database.configuration)
            try await holder.execute("BEGIN")
            for sampling in 2...(others + 1) {
                try await holder.execute(
                    "LOCK TABLE ogive.completion_rows_\(sampling) IN ACCESS EXCLUSIVE MODE")
            }
            var configuration = database.configuration
            configuration["options"] = "-c lock_timeout=5s"
            let store = PostgresStore(
                configuration, clock: WallClock { 1_700_000_000_000_000 })
            try await body(TestDatabase(configuration: configuration, store: store))
            await store.close()
            await holder.close()
        }

        private static let readers =
            [
                "quantile_tables", "scored_completions", "unscored_completions", "run_completions",
                "candidates", "candidate_rewards", "failures", "reward_parts", "run_status",
                "prompt_targets", "run_spending", "adaptive_runs", "snapshots", "snapshot_tables",
            ].map { "SELECT * FROM ogive.\($0) WHERE run = 'run'" } + [
                "SELECT * FROM ogive.run_status WHERE run = 'few'",
                "SELECT * FROM ogive.run_status",
                "SELECT * FROM ogive.reward_pairs WHERE run = 'run' AND other_run = 'few'",
                "SELECT * FROM ogive.training_rows('run', 0.1)",
                "SELECT * FROM ogive.preference_pairs('run', 'best-worst')",
                "SELECT * FROM ogive.value_rows('run')",
                "SELECT * FROM ogive.prompt_features('run')",
            ]

        @Test("Fault 55: views and functions for one run lock no partition of another")
        func readsAlone() async throws {
            try await Self.withRuns { database, _, _, _ in
                try await Self.whileOthersAreLocked(database) { database in
                    for sql in Self.readers {
                        await #expect(throws: Never.self, "\(sql)") {
                            try await database.query(sql)
                        }
                    }
                }
            }
        }

        @Test("Fault 55: a run is paged, landed, shown, audited and pinned without locks on others")
        func worksAlone() async throws {
            try await Self.withRuns { database, run, prompt, term in
                try await Self.whileOthersAreLocked(database) { database in
                    let store = database.store
                    #expect(try await database.pending(run).count == 2)
                    let late = Made.batch(
                        run, prompt,
                        [Made.draw(2, "c", reward: 1), Made.reward(.draw(3), 2)])
                    #expect(try await store.land(late, term: term).rewards == 2)
                    #expect(try await store.status(ofRun: "run")[0].landed == 4)
                    #expect(
                        try await store.table(ofRun: "run", prompt: .id(prompt)).rewards.count == 4)
                    #expect(try await store.audit(run: "run").problems == [])
                    _ = try await store.makeSnapshot(
                        ofRun: "run", named: "v1", allowsPending: true, program: "1")
                    #expect(try await store.audit(run: "run").problems == [])
                    #expect(try await store.cancel(run: "few").landed == 2)
                    #expect(try await store.drop(run: "few", isDryRun: true).bytes == 0)
                }
            }
        }

        @Test("the number of locks does not grow with the number of samplings")
        func locksFew() async throws {
            try await Self.withRuns { database, _, _, _ in
                let connection = try await PostgresConnection.connect(database.configuration)
                for sql in Self.readers {
                    try await connection.execute("BEGIN")
                    _ = try await connection.query(sql)
                    let partitions: Int = try await connection.query(
                        """
                        SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                        WHERE l.pid = pg_backend_pid() AND c.relname ~ '^completion_rows_[0-9]+$'
                            AND c.relkind = 'r'
                        """
                    ).one().decode(0)
                    #expect(partitions <= 1, "\(sql)")
                    try await connection.execute("ROLLBACK")
                }
                await connection.close()
            }
        }
    }
}
