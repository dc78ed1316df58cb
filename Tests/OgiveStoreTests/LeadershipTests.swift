import FoundationEssentials
import OgiveCore
import OgiveTesting
import Postgres
import Testing

@testable import OgiveStore

extension StoreTests {
    @Suite("leadership", .timeLimit(.minutes(10)))
    struct LeadershipTests {
        /// Asks until the other one's term expired.
        private func leadEventually(
            _ store: PostgresStore, as name: String
        ) async throws -> Term {
            let deadline = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < deadline {
                if case .leading(let term, _) = try await store.lead(as: name, for: .seconds(60)) {
                    return term
                }
            }
            throw StoreError(.conflict, "the term never expired")
        }

        @Test("a term that is not renewed expires; renewed, it lasts")
        func runsOut() async throws {
            try await TestDatabase.with { database in
                let other = PostgresStore(database.configuration)
                guard
                    case .leading(let term, _) = try await database.store.lead(
                        as: "a:1", for: .seconds(2))
                else { throw StoreError(.conflict, "somebody leads") }
                guard
                    case .following(let leader) = try await other.lead(as: "b:2", for: .seconds(1))
                else { throw StoreError(.conflict, "two lead") }
                #expect(leader.name == "a:1" && leader.term == term)
                #expect(leader.remaining > .zero && leader.remaining <= .seconds(2))
                try await database.store.renew(term, for: .seconds(60), counts: ["x_total": 3])
                guard case .following(let same) = try await other.lead(as: "b:2", for: .seconds(1))
                else { throw StoreError(.conflict, "two lead") }
                #expect(same.renewedAt != leader.renewedAt && same.remaining > .seconds(30))
                let status = try await database.store.coordinator()
                #expect(status.name == "a:1" && status.leads && status.counts == ["x_total": 3])
                try await database.store.renew(term, for: .zero, counts: [:])
                #expect(try await !database.store.coordinator().leads)
                #expect(try await leadEventually(other, as: "b:2") > term)
                await other.close()
            }
        }

        @Test("a leader without a session is followed before its term expires, one with it is not")
        func sessionIsGone() async throws {
            try await TestDatabase.with { database in
                let other = PostgresStore(database.configuration)
                let connection = try await PostgresConnection.connect(database.configuration)
                // So that some seconds pass from the server's start to the expiry below.
                _ = try await connection.query(
                    "SELECT pg_sleep_until(pg_postmaster_start_time() + interval '10 seconds')")
                /// Makes the last renewal old: most of the server's age, and more than a fifth of
                /// the expiry, of which three quarters are left.
                func age(renewedAt: String = "pg_postmaster_start_time() + interval '1 ms'")
                    async throws
                {
                    try await connection.execute(
                        "UPDATE ogive.leadership SET renewed_at = \(renewedAt), expires_at = "
                            + "clock_timestamp() "
                            + "+ 3 * (clock_timestamp() - pg_postmaster_start_time())")
                }
                func leads() async throws -> Bool {
                    let outcome = try await other.lead(as: "b:2", for: .seconds(60))
                    if case .leading = outcome { return true }
                    return false
                }
                let term = try await database.store.lead(as: "a:1")
                // Silent, as a process that was stopped: its session is there.
                try await age()
                #expect(try await !leads())
                // It connects anew and takes up its term.
                await database.store.leadership.end()
                try await database.store.renew(term, for: .seconds(3_600), counts: [:])
                try await age()
                #expect(try await !leads())
                await database.store.leadership.end()
                // The server was started after the renewal: the leader is about to come back.
                try await age(renewedAt: "pg_postmaster_start_time() - interval '1 ms'")
                #expect(try await !leads())
                // Renewed a moment ago: it may be connecting anew.
                try await age(renewedAt: "clock_timestamp()")
                #expect(try await !leads())
                try await age()
                // The server may need a moment to end the session.
                #expect(try await leadEventually(other, as: "b:2") > term)
                await #expect {
                    try await database.store.renew(term, for: .seconds(60), counts: [:])
                } throws: {
                    ($0 as? StoreError)?.code == .staleTerm
                }
                await connection.close()
                await other.close()
            }
        }

        @Test("a term that expired goes on when nobody else began one")
        func goesOn() async throws {
            try await TestDatabase.with { database in
                let term = try await database.store.lead(as: "a:1")
                try await database.store.renew(term, for: .zero, counts: [:])
                try await database.store.renew(term, for: .seconds(60), counts: [:])
                #expect(try await database.store.coordinator().leads)
            }
        }

        @Test("Fault 14: two coordinators, and the stale one neither renews, lands nor resigns")
        func stale() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let prompt = try await database.pending(run)[0].prompt.id
                let old = try await database.store.lead(as: "a:1")
                try await database.store.renew(old, for: .zero, counts: [:])
                let next = PostgresStore(database.configuration)
                let term = try await leadEventually(next, as: "b:2")
                let batch = Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)])
                await #expect {
                    try await database.store.renew(old, for: .seconds(60), counts: [:])
                } throws: {
                    ($0 as? StoreError)?.code == .staleTerm
                }
                await #expect {
                    _ = try await database.store.land(batch, term: old)
                } throws: {
                    ($0 as? StoreError)?.code == .staleTerm
                }
                await database.store.resign(old)
                let status = try await next.coordinator()
                #expect(status.name == "b:2" && status.leads && status.term == term.rawValue)
                #expect(try await database.pending(run).count == 1)
                await next.close()
            }
        }

        @Test("a leader stopped in the middle of a landing keeps nobody from leading")
        func stoppedLanding() async throws {
            try await TestDatabase.with { database in
                let old = try await database.store.lead(as: "a:1")
                try await database.store.renew(old, for: .zero, counts: [:])
                // What a stopped coordinator leaves behind: a transaction with the term locked.
                let stopped = try await PostgresConnection.connect(database.configuration)
                try await stopped.execute("BEGIN")
                _ = try await stopped.query("SELECT term FROM ogive.terms FOR UPDATE")
                let next = PostgresStore(database.configuration)
                #expect(try await leadEventually(next, as: "b:2") > old)
                await #expect(throws: PostgresError.self) { try await stopped.execute("COMMIT") }
                await stopped.close()
                await next.close()
            }
        }

        @Test("with two logins, a stopped leader's landing is waited for and nobody dies of it")
        func twoLogins() async throws {
            try await TestDatabase.with { database in
                try await database.withTwoLogins { first, second in
                    let old = try await first.store.lead(as: "a:1")
                    try await first.store.renew(old, for: .zero, counts: [:])
                    let stopped = try await PostgresConnection.connect(first.configuration)
                    try await stopped.execute("BEGIN")
                    _ = try await stopped.query("SELECT term FROM ogive.terms FOR SHARE")
                    // It may not end the other login's session: it says so, and may try again.
                    await #expect {
                        _ = try await second.store.lead(as: "b:2", for: .seconds(60))
                    } throws: { error in
                        let error = error as? StoreError
                        return error?.isRetriable == true
                            && error?.message.contains("pg_signal_backend") == true
                    }
                    try await stopped.execute("ROLLBACK")
                    await stopped.close()
                    #expect(try await leadEventually(second.store, as: "b:2") > old)
                    await #expect {
                        try await first.store.renew(old, for: .seconds(60), counts: [:])
                    } throws: {
                        ($0 as? StoreError)?.code == .staleTerm
                    }
                }
            }
        }

        @Test("the server itself ends what a stopped coordinator was writing")
        func stoppedIsEnded() async throws {
            try await TestDatabase.with { database in
                guard
                    case .leading(let term, _) = try await database.store.lead(
                        as: "a:1", for: .seconds(30))
                else {
                    Issue.record("another one leads")
                    return
                }
                let connection = try await PostgresConnection.connect(database.configuration)
                for (holder, limit) in [("a term of 30 s", "20s"), ("nobody", "10s")] {
                    try await connection.execute("BEGIN")
                    _ = try await connection.query(TermQueries.lockForCheck)
                    let idle: String = try await connection.query(
                        "SHOW idle_in_transaction_session_timeout"
                    ).one().decode(0)
                    #expect(idle == limit, "\(holder)")
                    try await connection.execute("ROLLBACK")
                    await database.store.resign(term)
                }
                await connection.close()
            }
        }

        @Test(
            "Fault 32: a transaction that gave way to another one in a deadlock is tried again")
        func deadlock() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "a:1")
                var patient = database.configuration
                patient["options"] = "-c deadlock_timeout=2s"
                let store = PostgresStore(patient)
                let binding = FingerprintBinding(
                    run: run.id, policy: Fingerprint(["model": "a"]),
                    scorer: Fingerprint(["model": "s"]))
                let other = try await PostgresConnection.connect(database.configuration)
                // Only the store's session looks for deadlocks in time, and so gives way.
                try await other.execute("SET deadlock_timeout = '10min'")
                try await other.execute("BEGIN")
                try await other.execute("UPDATE ogive.scorings SET id = DEFAULT WHERE false")
                _ = try await other.query("SELECT FROM ogive.scorings FOR UPDATE")
                async let bound = store.bind(binding, term: term)
                try await eventually("the store to wait for a lock") {
                    try await database.value(
                        """
                        SELECT count(*) > 0 FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """, as: Bool.self)
                }
                // It has the sampling's row and waits for the scoring's: now a circle.
                _ = try await other.query("SELECT FROM ogive.samplings FOR UPDATE")
                // Here only because the store's transaction was broken off.
                try await other.execute("COMMIT")
                #expect(try await bound == binding)
                await other.close()
                await store.close()
            }
        }

        @Test("Fault 32: a serialisation error that does not end is given up, as one that may pass")
        func bounded() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "a:1")
                let connection = try await PostgresConnection.connect(database.configuration)
                // A sequence counts what is rolled back, too.
                try await connection.executeScript(
                    """
                    CREATE SEQUENCE tries;
                    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        PERFORM nextval('tries');
                        RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
                    END $$;
                    CREATE TRIGGER refuse BEFORE UPDATE ON ogive.samplings
                        FOR EACH ROW EXECUTE FUNCTION refuse();
                    GRANT USAGE ON SEQUENCE tries TO PUBLIC;
                    """)
                await connection.close()
                let binding = FingerprintBinding(
                    run: run.id, policy: Fingerprint(["model": "a"]),
                    scorer: Fingerprint(["model": "s"]))
                await #expect { try await database.store.bind(binding, term: term) } throws: {
                    ($0 as? StoreError)?.code == .unavailable
                }
                let tries: Int64 = try await database.value("SELECT last_value FROM tries")
                #expect(tries == 5)
            }
        }

        @Test("Fault 30: the server becomes read-only after a failover, and the primary is found")
        func failover() async throws {
            try await TestDatabase.with { database in
                let directory = "/tmp/ogive-store-tests-\(UInt32.random(in: 0 ... .max))"
                try await EmbeddedPostgres.with(directory: directory) { server in
                    let name = database.configuration.database
                    let admin = try await PostgresConnection.connect(server)
                    try await admin.execute("CREATE DATABASE \(name)")
                    await admin.close()
                    var second = server
                    second.database = name
                    try await Migrator(second).up()
                    let replica = TestDatabase(
                        configuration: second, store: PostgresStore(second))
                    let run = try await database.run(prompts: 1, draws: 2)
                    _ = try await replica.run(prompts: 1, draws: 2)
                    let term = try await replica.store.lead(as: "a:1")
                    try await Self.fail(over: database, to: replica, run, term)
                    await replica.store.close()
                }
                try FileManager.default.removeItem(atPath: directory)
            }
        }

        private static func fail(
            over database: TestDatabase, to replica: TestDatabase, _ run: RunDescription,
            _ term: Term
        ) async throws {
            var both = database.configuration
            for keyword in ["host", "port"] {
                let hosts = [database, replica].map { $0.configuration[keyword] ?? "" }
                both[keyword] = hosts.joined(separator: ",")
            }
            let store = PostgresStore(both)
            #expect(try await store.lead(as: "a:1") == term)
            let prompt = try await database.pending(run)[0].prompt.id
            let first = Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)])
            #expect(try await store.land(first, term: term).rewards == 1)
            let name = database.configuration.database
            let admin = try await PostgresConnection.connect(database.configuration)
            try await admin.execute("ALTER DATABASE \(name) SET default_transaction_read_only = on")
            _ = try await admin.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """)
            let second = Made.batch(run, prompt, [Made.draw(1, "b", reward: 2)])
            let deadline = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < deadline {
                do {
                    let receipt = try await store.land(second, term: term)
                    #expect(receipt.rewards == 1)
                    break
                } catch {
                    guard error.isRetriable else { throw error }
                }
            }
            #expect(
                try await replica.value("SELECT count(*) FROM ogive.completion_rows", as: Int.self)
                    == 1)
            // The connection of the term is found to be gone, and the next renewal has another.
            await #expect { try await store.renew(term, for: .seconds(15), counts: [:]) } throws: {
                ($0 as? StoreError)?.isRetriable == true
            }
            try await store.renew(term, for: .seconds(15), counts: [:])
            await store.close()
            try await admin.execute("ALTER DATABASE \(name) RESET default_transaction_read_only")
            await admin.close()
        }

        @Test("failures are listed by kind, and tried again by kind, stage or prompt")
        func failures() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 2)
                let term = try await database.store.lead(as: "a:1")
                for prompt in try await database.pending(run) {
                    var slow = Made.failure(.draw(1), .scoring)
                    slow.failure?.code = .malformed
                    _ = try await database.store.land(
                        Made.batch(
                            run, prompt.prompt.id, [Made.failure(.draw(0), .sampling), slow]),
                        term: term)
                }
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                let all = try await database.store.failures(
                    ofRun: "run", FailureFilter(), limit: 3)
                #expect(all.groups.map(\.count) == [2, 2] && all.groups.map(\.prompts) == [2, 2])
                #expect(all.entries.map(\.promptKey) == ["p0", "p0", "p1"])
                let slow = try await database.store.failures(
                    ofRun: "run", FailureFilter(code: "malformed", prompt: "p1"), limit: 10)
                #expect(slow.entries.map(\.index) == [1] && slow.entries[0].stage == "scoring")
                let retried = try await database.store.retryFailures(
                    ofRun: "run", FailureFilter(code: "malformed", stage: "scoring", prompt: "p1"))
                #expect(retried == 1)
                let open = try #require(try await database.store.openRuns().first)
                let pending = try await database.pending(open)
                #expect(pending.map(\.prompt.key) == ["p1"])
                #expect(pending[0].items.map(\.name) == [.draw(1)])
                #expect(try await database.store.status(ofRun: "run")[0].failures == 3)
                await #expect(throws: StoreError.self) {
                    try await database.store.failures(ofRun: "none", FailureFilter(), limit: 1)
                }
            }
        }

        @Test("timeouts and keepalives are in force on a connection")
        func timeouts() async throws {
            try await TestDatabase.with { database in
                let expected = [
                    "statement_timeout": "10min", "lock_timeout": "1min",
                    "idle_in_transaction_session_timeout": "5min",
                ]
                for (name, value) in expected {
                    let shown: String = try await database.value("SHOW \(name)")
                    #expect(shown == value)
                }
            }
        }
    }
}
