import Foundation
import Migrations
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("the schema", .timeLimit(.minutes(10)))
    struct SchemaTests {
        @Test("goes up once, and says where it stands")
        func up() async throws {
            try await TestDatabase.with(isEmpty: true) { database in
                let migrator = Migrator(database.configuration)
                let empty = try await migrator.status()
                #expect(empty.version == 0 && empty.pending.map(\.number) == [1])
                await #expect { try await migrator.check() } throws: { error in
                    let error = error as? StoreError
                    return error?.code == .schema
                        && error?.message.contains("ogive migrate up") == true
                }
                let before = try await migrator.up()
                #expect(before.pending.map(\.number) == [1])
                #expect(before.changedObjects.count == SchemaDefinition.current.objects.count)
                #expect(try await migrator.up().isCurrent)
                try await migrator.check()
                #expect(try await migrator.status().version == 1)
            }
        }

        @Test("is made once by two programs at the same time")
        func upTwice() async throws {
            try await TestDatabase.with(isEmpty: true) { database in
                let migrator = Migrator(database.configuration)
                async let one = migrator.up()
                async let other = migrator.up()
                let isDone = try await [one.isCurrent, other.isCurrent]
                #expect(isDone.contains(true) && isDone.contains(false))
                try await migrator.check()
            }
        }

        @Test("compresses long texts with lz4, where the server has it")
        func compressesTexts() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let (store, term) = (database.store, try await database.store.lead(as: "test"))
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let text = String(repeating: "a long text; ", count: 1000)
                _ = try await store.land(
                    Made.batch(run, prompt, [Made.draw(0, text, reward: 1)]), term: term)
                let isThere: Bool = try await database.value(
                    "SELECT enumvals @> '{lz4}' FROM pg_settings"
                        + " WHERE name = 'default_toast_compression'")
                let method: String = try await database.value(
                    "SELECT pg_column_compression(text) FROM ogive.completion_rows")
                #expect(method == (isThere ? "lz4" : "pglz"))
                let stored: String = try await database.value(
                    "SELECT text FROM ogive.completion_rows")
                #expect(stored == text)
            }
        }

        @Test("of a newer program is refused: update ogive")
        func refusesNewer() async throws {
            try await TestDatabase.with { database in
                try await database.query(
                    """
                    INSERT INTO ogive.migrations (number, name, sha256, applied_at)
                    VALUES (9999, 'future', sha256('x'), now())
                    """)
                let migrator = Migrator(database.configuration)
                for call in [migrator.check, { _ = try await migrator.up() }] {
                    await #expect { try await call() } throws: { error in
                        let error = error as? StoreError
                        return error?.code == .schema
                            && error?.message.contains("9999_future. Update ogive.") == true
                    }
                }
            }
        }

        @Test("from before the first release is refused, and nothing is changed")
        func refusesPreRelease() async throws {
            try await TestDatabase.with(isEmpty: true) { database in
                try await database.query("CREATE SCHEMA ogive")
                try await database.query(
                    "CREATE TABLE ogive.migrations (number integer, name text, applied_at date)")
                try await database.query(
                    """
                    INSERT INTO ogive.migrations
                    VALUES (1, 'roles_and_schema', now()), (31, 'lease_key', now())
                    """)
                let migrator = Migrator(database.configuration)
                let status = try await migrator.status()
                #expect(status.preRelease == "0031_lease_key" && status.applied.isEmpty)
                #expect(status.unknown == ["0001_roles_and_schema", "0031_lease_key"])
                for call in [migrator.check, { _ = try await migrator.up() }] {
                    await #expect { try await call() } throws: { error in
                        let error = error as? StoreError
                        return error?.code == .schema
                            && error?.message.contains("first release (0031_lease_key)") == true
                            && error?.message.contains("ogive migrate uninstall") == true
                    }
                }
                let tables: Int = try await database.value(
                    "SELECT count(*) FROM pg_class WHERE relnamespace = 'ogive'::regnamespace")
                #expect(tables == 1)
            }
        }

        @Test("whose tables are not those of this program's files is refused")
        func refusesRewritten() async throws {
            try await TestDatabase.with { database in
                try await database.query("UPDATE ogive.migrations SET sha256 = sha256('x')")
                let migrator = Migrator(database.configuration)
                #expect(try await migrator.status().rewritten == ["0001_initial"])
                await #expect { try await migrator.up() } throws: { error in
                    (error as? StoreError)?.code == .schema
                }
            }
        }

        @Test("a migration that fails leaves nothing behind")
        func failsWhole() async throws {
            try await TestDatabase.with(isEmpty: true) { database in
                try await database.query("CREATE SCHEMA ogive")
                await #expect(throws: StoreError.self) {
                    try await Migrator(database.configuration).up()
                }
                let tables: Int = try await database.value(
                    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                        + "WHERE n.nspname = 'ogive'")
                #expect(tables == 0)
            }
        }

        @Test("gives PUBLIC nothing, the reader views and functions, the writer no data changes")
        func restrictsRoles() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 1, draws: 1)
                let open = try await database.query(
                    """
                    SELECT p.oid::regprocedure::text AS name FROM pg_proc p
                    WHERE p.pronamespace IN (
                            'ogive'::regnamespace, 'ogive_internal'::regnamespace)
                        AND has_function_privilege('public', p.oid, 'EXECUTE')
                    UNION ALL
                    SELECT 'schema' WHERE has_schema_privilege('public', 'ogive', 'USAGE')
                    """
                ).map { try $0.decode("name", as: String.self) }
                #expect(open == [])
                let refused = [
                    ("ogive_reader", "SELECT * FROM ogive.completion_rows"),
                    ("ogive_reader", "SELECT * FROM ogive.prompt_rows"),
                    ("ogive_reader", "UPDATE ogive.run_status SET state = 'open'"),
                    ("ogive_reader", "DELETE FROM ogive.failure_rows"),
                    ("ogive_reader", "SELECT ogive_internal.create_sampling_partition(99)"),
                    ("ogive_writer", "DROP TABLE ogive.completion_rows_1"),
                    ("ogive_writer", "DELETE FROM ogive.samplings"),
                    ("ogive_writer", "DELETE FROM ogive.scorings"),
                    ("ogive_reader", "UPDATE ogive.terms SET term = 9"),
                    ("ogive_reader", "SELECT * FROM ogive.leadership"),
                    ("ogive_reader", "UPDATE ogive.leadership SET expires_at = NULL"),
                    ("ogive_reader", "INSERT INTO ogive.runs DEFAULT VALUES"),
                    ("ogive_reader", "CREATE TABLE ogive.mine (x integer)"),
                    ("ogive_writer", "DELETE FROM ogive.terms"),
                    ("ogive_writer", "DELETE FROM ogive.leadership"),
                    ("ogive_writer", "UPDATE ogive.migrations SET number = 9"),
                    ("ogive_writer", "DELETE FROM ogive_internal.object_files"),
                    ("ogive_writer", "CREATE TABLE ogive.mine (x integer)"),
                    ("ogive_writer", "UPDATE ogive.completion_rows SET text = 'x'"),
                    ("ogive_writer", "DELETE FROM ogive.quantile_table_rows"),
                    ("ogive_writer", "DROP TABLE ogive.completion_rows"),
                    ("ogive_reader", "SELECT ogive.make_snapshot('run', 'a', now(), true)"),
                    ("ogive_reader", "SELECT * FROM ogive.snapshot_table_rows"),
                    ("ogive_writer", "UPDATE ogive.snapshot_rows SET name = 'b'"),
                    ("ogive_writer", "DELETE FROM ogive.snapshot_rows"),
                    ("ogive_writer", "INSERT INTO ogive.snapshot_table_rows DEFAULT VALUES"),
                    ("ogive_writer", "UPDATE ogive.snapshot_table_rows SET rewards = '{}'"),
                    ("ogive_writer", "DELETE FROM ogive.snapshot_table_rows"),
                ]
                for (role, sql) in refused {
                    await #expect(throws: PostgresError.self, "\(role): \(sql)") {
                        try await database.run(sql, as: role)
                    }
                }
                for view in [
                    "prompts", "quantile_tables", "scored_completions", "candidates", "failures",
                    "run_status", "worker_status", "coordinator_status", "stored_data",
                    "reward_parts",
                    "snapshots", "snapshot_tables", "run_tables", "candidate_rewards",
                    "run_completions", "unscored_completions", "run_history",
                ] {
                    try await database.run("SELECT * FROM ogive.\(view)", as: "ogive_reader")
                }
                let changing = try await database.query(
                    """
                    SELECT p.oid::regprocedure::text AS name FROM pg_proc p
                    WHERE p.pronamespace = 'ogive'::regnamespace AND p.provolatile = 'v'
                    """
                ).map { try $0.decode("name", as: String.self) }
                // In sight of users nothing changes the database but what makes a snapshot.
                #expect(changing.count == 1 && changing[0].contains("make_snapshot"))
                try await database.run(
                    "SELECT ogive.quantile_reward('{1,2}'::float8[], 1, 'mid')", as: "ogive_reader")
            }
        }

        @Test("lets a login with only the writer role do all that the coordinator does")
        func writerSuffices() async throws {
            try await TestDatabase.with(isEmpty: true) { database in
                // A new database has no grants of its template's: the migration must make its own.
                let name = database.configuration.database
                try await database.query("REVOKE ALL ON DATABASE \(name) FROM PUBLIC")
                try await Migrator(database.configuration).up()
                let login = "writer_\(UInt32.random(in: 0 ... .max))"
                try await database.query("CREATE ROLE \(login) LOGIN IN ROLE ogive_writer")
                var configuration = database.configuration
                configuration["options"] = "-c role=\(login)"
                let writer = TestDatabase(
                    configuration: configuration, store: PostgresStore(configuration))
                try await writer.importPrompts(2, candidates: true)
                var spec = TestDatabase.spec(draws: 1)
                spec.candidates = [.score, .logprobs]
                let run = try await writer.store.submit(spec).run
                let term = try await writer.store.lead(as: "writer")
                _ = try await writer.store.bind(
                    FingerprintBinding(
                        run: run.id, policy: Fingerprint([:]), scorer: Fingerprint([:])),
                    term: term)
                for prompt in try await writer.pending(run) {
                    _ = try await writer.store.land(
                        Made.batch(
                            run, prompt.prompt.id,
                            [
                                Made.draw(0, "a", reward: 1), Made.reward(.candidate(0), 1),
                                Made.failure(.candidate(1), .scoring),
                                Made.logProbability(0, -1),
                                Made.failure(.candidateLogProbability(1), .logProbability),
                            ]), term: term)
                }
                #expect(try await writer.store.audit(run: "run").isSound)
                #expect(try await writer.store.retryFailures(ofRun: "run") == 4)
                #expect(try await writer.store.finish(run.id, term: term) == .open)
                try await writer.store.record(
                    [WorkerRecord(id: Made.worker, name: "w", state: .left, note: nil)],
                    term: term)
                #expect(try await writer.store.workers().count == 1)
                await writer.store.resign(term)
                await writer.store.close()
                // A server process drops its temporary tables, which the login owns, only after
                // its client has left: wait until the last one is gone.
                try await database.query(
                    """
                    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """)
                try await database.query("DROP ROLE \(login)")
            }
        }

        @Test("refuses numbers that are not finite, by named constraints")
        func refusesNonFinite() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let (sampling, scoring) = (run.sampling.rawValue, run.scoring.rawValue)
                for bad in ["NaN", "Infinity", "-Infinity"] {
                    let statements = [
                        """
                        INSERT INTO ogive.candidate_log_probability_rows (sampling_id, prompt_id,
                        candidate_index, landed_at, worker, log_probability, token_count) VALUES
                        (\(sampling), 1, 0, now(), gen_random_uuid(), '\(bad)', 1)
                        """,
                        """
                        INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index,
                        landed_at, worker, finish_reason, text, token_log_probabilities) VALUES
                        (\(sampling), 1, 0, now(), gen_random_uuid(), 'stop', '', '{-1,\(bad)}')
                        """,
                        """
                        INSERT INTO ogive.quantile_table_rows VALUES (\(scoring), 1, 2, 2, now(),
                        '{0,1}', '{1,\(bad)}', '{1,\(bad)}')
                        """,
                        """
                        INSERT INTO ogive.candidate_reward_rows VALUES
                        (\(scoring), 1, '\(bad)', 0)
                        """,
                        """
                        INSERT INTO ogive.reward_part_rows VALUES
                        (\(scoring), 1, 0, 'draw', '{1,\(bad)}')
                        """,
                        """
                        INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index,
                        landed_at, worker, finish_reason, text, log_probability) VALUES
                        (\(sampling), 1, 0, now(), gen_random_uuid(), 'stop', '', '\(bad)')
                        """,
                    ]
                    for sql in statements {
                        await #expect { try await database.query(sql) } throws: {
                            let name = ($0 as? PostgresError)?.constraint ?? ""
                            return name.hasSuffix("_finite") || name.hasSuffix("_possible")
                        }
                    }
                }
            }
        }

        @Test("refuses rewards beyond the bound, and computes with a table of those at it")
        func boundsRewards() async throws {
            try await TestDatabase.with { database in
                let scoring = try await database.run(prompts: 1, draws: 1).scoring.rawValue
                let large = ["1.1e140", "-1.1e140"]
                let statements = large.flatMap { bad in
                    [
                        "quantile_table_rows VALUES (\(scoring), 1, 1, 1, now(), '{0}', "
                            + "'{\(bad)}', '{1}')",
                        "quantile_table_rows VALUES (\(scoring), 1, 1, 1, now(), '{0}', '{1}', "
                            + "'{\(bad)}')",
                        "quantile_table_rows VALUES (\(scoring), 1, 2, 2, now(), '{0}', '{1}', "
                            + "'{1}', '{1}', '{\(bad)}', '{1}')",
                        "candidate_reward_rows VALUES (\(scoring), 1, '\(bad)', 0)",
                        "reward_part_rows VALUES (\(scoring), 1, 0, 'draw', '{1,\(bad)}')",
                    ]
                }
                for values in statements {
                    await #expect {
                        try await database.query("INSERT INTO ogive.\(values)")
                    } throws: {
                        ($0 as? PostgresError)?.constraint?.hasSuffix("_possible") == true
                    }
                }
                // A million of them, as far apart as can be.
                let spread: Double = try await database.value(
                    """
                    SELECT ogive.reward_spread(array_agg(
                        CASE WHEN n % 2 = 0 THEN 1 ELSE -1 END * \(Score.magnitudeMax)::float8))
                    FROM generate_series(1, 1048576) n
                    """)
                #expect(abs(spread / Score.magnitudeMax - 1) < 1e-5)
            }
        }
    }
}

extension TestDatabase {
    /// Runs a statement as another role.
    func run(_ sql: String, as role: String) async throws {
        let connection = try await PostgresConnection.connect(configuration)
        do {
            try await connection.execute("SET ROLE \(role)")
            _ = try await connection.query(sql)
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }
}
