import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("the writer's rights", .timeLimit(.minutes(10)))
    struct WriterRightsTests {
        /// What nobody needs for a coordinator, a submission or an import, and what would change
        /// what is committed.
        private static let refused = [
            "UPDATE ogive.prompt_rows SET content = '{\"text\": \"other\"}'",
            "UPDATE ogive.prompt_rows SET key = 'other'",
            "UPDATE ogive.prompt_sets SET name = 'other'",
            "UPDATE ogive.candidate_rows SET text = 'other'",
            "UPDATE ogive.samplings SET spec = '{}'",
            "UPDATE ogive.samplings SET policy_fingerprint = '{\"model\": \"other\"}'",
            "UPDATE ogive.samplings SET policy_fingerprint = NULL",
            "UPDATE ogive.samplings SET draws_max = 0",
            "UPDATE ogive.scorings SET spec = '{}'",
            "UPDATE ogive.scorings SET scorer_fingerprint = NULL",
            "UPDATE ogive.runs SET sampling_id = sampling_id + 1",
            "UPDATE ogive.runs SET scoring_id = scoring_id + 1",
            "UPDATE ogive.runs SET name = 'other'",
            "DELETE FROM ogive.runs",
            "UPDATE ogive.terms SET term = 0",
            "UPDATE ogive.terms SET term = term",
            "UPDATE ogive.terms SET term = 9223372036854775807",
            "UPDATE ogive.leadership SET term = 0",
            "UPDATE ogive.failure_rows SET message = 'other'",
            "UPDATE ogive.quantile_table_rows SET n = 1, draw_indexes = '{0}', "
                + "draw_rewards = '{9}', rewards = '{9}', complete_to = 1",
            "UPDATE ogive.quantile_table_rows SET complete_to = 0",
            "UPDATE ogive.quantile_table_rows SET prompt_id = prompt_id + 1000",
            "DELETE FROM ogive.quantile_table_rows",
            "UPDATE ogive.candidate_log_probability_rows SET log_probability = 0",
            "DELETE FROM ogive.candidate_log_probability_rows",
            "DELETE FROM ogive.candidate_reward_rows",
            "DELETE FROM ogive.completion_rows",
            "TRUNCATE ogive.completion_rows",
            "DELETE FROM ogive.run_spending_rows",
            "DROP TABLE ogive.completion_rows",
            "ALTER TABLE ogive.terms DISABLE TRIGGER USER",
            "SET ROLE ogive_owner",
        ]

        @Test("Fault 54: a login with the writer's role changes nothing that is committed")
        func committedDataStays() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1, candidates: true)
                var spec = TestDatabase.spec(draws: 2)
                spec.candidates = [.score, .logprobs]
                let run = try await database.store.submit(spec).run
                let term = try await database.store.lead(as: "test")
                _ = try await database.store.bind(
                    FingerprintBinding(
                        run: run.id, policy: Fingerprint([:]), scorer: Fingerprint([:])),
                    term: term)
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [
                            Made.draw(0, "a", reward: 1), Made.draw(1, "b", reward: 2),
                            Made.reward(.candidate(0), 1), Made.failure(.candidate(1), .scoring),
                            Made.logProbability(0, -1),
                            Made.failure(.candidateLogProbability(1), .logProbability),
                        ]), term: term)
                _ = try await database.store.makeSnapshot(
                    ofRun: "run", named: "a", allowsPending: true, program: "test")
                try await withWriter(database) { writer in
                    let before = try await Self.contents(database)
                    for sql in Self.refused {
                        await #expect(throws: PostgresError.self, "\(sql)") {
                            try await writer.query(sql)
                        }
                    }
                    #expect(try await Self.contents(database) == before)
                    // Failures go when a person asks for them once more, and nothing else does.
                    #expect(try await writer.store.retryFailures(ofRun: "run") == 2)
                }
            }
        }

        @Test("Fault 54: a run with a snapshot is dropped by nobody, another by the owner alone")
        func droppingTakesTheOwner() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                _ = try await database.store.makeSnapshot(
                    ofRun: "run", named: "a", allowsPending: true, program: "test")
                _ = try await database.store.cancel(run: run.spec.name)
                await #expect { _ = try await database.store.drop(run: "run") } throws: {
                    ($0 as? StoreError)?.message.contains("snapshots") == true
                }
                try await database.query("DELETE FROM ogive.snapshot_table_rows")
                try await database.query("DELETE FROM ogive.snapshot_rows")
                try await withWriter(database) { writer in
                    await #expect { _ = try await writer.store.drop(run: "run") } throws: {
                        ($0 as? StoreError)?.message.contains("ogive_owner") == true
                    }
                }
                _ = try await database.store.drop(run: "run")
                #expect(try await database.value("SELECT count(*) FROM ogive.runs") == 0)
            }
        }

        @Test("A writer replaces a run without a snapshot, and nothing that landed goes with it")
        func runsAreReplaced() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)]), term: term)
                try await withWriter(database) { writer in
                    let landed = try await Self.contents(database, Self.tablesOfResults)
                    // This is what a submission of another specification needs the right for.
                    try await writer.query("DELETE FROM ogive.runs")
                    #expect(try await Self.contents(database, Self.tablesOfResults) == landed)
                    let again = try await writer.store.submit(run.spec)
                    #expect(again.isFinished && again.run.id != run.id)
                    let status = try #require(try await writer.store.status(ofRun: "run").first)
                    #expect(status.landed == 1 && status.pending == 0)
                    #expect(try await Self.contents(database, Self.tablesOfResults) == landed)
                }
            }
        }

        @Test("Fault 75: a login that may not bind fingerprints is told to get the right")
        func bindingTakesARight() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let binding = FingerprintBinding(
                    run: run.id, policy: Fingerprint([:]), scorer: Fingerprint([:]))
                let term = try await database.store.lead(as: "test")
                // As when somebody changed what the role may do.
                try await database.query("REVOKE UPDATE ON ogive.samplings FROM ogive_writer")
                try await withWriter(database) { writer in
                    await #expect {
                        _ = try await writer.store.bind(binding, term: term)
                    } throws: {
                        let error = $0 as? StoreError
                        return error?.code == .forbidden
                            && error?.message.contains("GRANT ogive_writer") == true
                    }
                }
            }
        }

        /// What lands, or is imported, and what it is named by.
        private static let tablesOfResults = [
            "prompt_sets", "prompt_rows", "candidate_rows", "samplings", "scorings",
            "failure_rows", "quantile_table_rows", "completion_rows",
            "candidate_log_probability_rows", "candidate_reward_rows",
        ]

        /// The rows of tables: of all that is committed.
        private static func contents(
            _ database: TestDatabase,
            _ tables: [String] = tablesOfResults
                + ["runs", "terms", "leadership", "run_spending_rows"]
        ) async throws -> [String] {
            var contents: [String] = []
            for table in tables {
                contents.append(
                    try await database.value(
                        "SELECT coalesce(string_agg(t::text, ';' ORDER BY t::text), '')"
                            + " FROM ogive.\(table) t"))
            }
            return contents
        }

        /// Runs `body` as a login that has the writer's role and no other.
        private func withWriter(
            _ database: TestDatabase, _ body: (TestDatabase) async throws -> Void
        ) async throws {
            let login = "writer_\(UInt32.random(in: 0 ... .max))"
            try await database.query("CREATE ROLE \(login) LOGIN IN ROLE ogive_writer")
            var configuration = database.configuration
            configuration.user = login
            let writer = TestDatabase(
                configuration: configuration, store: PostgresStore(configuration))
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(writer))
            } catch {
                result = .failure(error)
            }
            await writer.store.close()
            // The login's temporary tables go with its last session.
            try await database.query(
                """
                SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
                WHERE usename = '\(login)'
                """)
            try await database.query("DROP ROLE \(login)")
            try result.get()
        }
    }
}
