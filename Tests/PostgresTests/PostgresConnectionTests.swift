import OgiveTesting
import Postgres
import Testing

extension WithServer {
    @Suite(.timeLimit(.minutes(10))) struct Connections {
        @Test func aUniqueViolationNamesStateConstraintAndTable() async throws {
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE t (x int, CONSTRAINT t_x_key UNIQUE (x))")
                try await db.execute("INSERT INTO t VALUES (1)")
                let error = try await postgresError {
                    try await db.execute("INSERT INTO t VALUES ($1)", [.int32(1)])
                }
                #expect(error.sqlState == "23505")
                #expect(error.isUniqueViolation)
                #expect(error.constraint == "t_x_key")
                #expect(error.table == "t")
                #expect(error.severity == "ERROR")
                #expect(error.detail != nil)
                #expect(!error.isRetriable)
                #expect(try await db.query("SELECT * FROM t").count == 1)
            }
        }

        @Test func executeReturnsTheNumberOfChangedRows() async throws {
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE t AS SELECT generate_series(1, 5) AS x")
                #expect(try await db.execute("UPDATE t SET x = 0 WHERE x > $1", [3]) == 2)
            }
        }

        @Test func aScriptRunsAllItsStatementsOrNone() async throws {
            try await PrivateServer.connection { db in
                try await db.executeScript("CREATE TABLE a (x int); INSERT INTO a VALUES (1), (2);")
                #expect(try await db.query("SELECT * FROM a").count == 2)
                let error = try await postgresError {
                    try await db.executeScript("INSERT INTO a VALUES (3); SELECT nonsense;")
                }
                #expect(error.sqlState == "42703")
                #expect(try await db.query("SELECT * FROM a").count == 2)
            }
        }

        @Test func aThrowingBodyRollsTheTransactionBack() async throws {
            struct Stop: Error {}
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE t (x int)")
                await #expect(throws: Stop.self) {
                    try await db.transaction { tx in
                        try await tx.execute("INSERT INTO t VALUES (1)")
                        throw Stop()
                    }
                }
                #expect(try await db.query("SELECT * FROM t").isEmpty)
                try await db.transaction { tx in try await tx.execute("INSERT INTO t VALUES (2)") }
                #expect(try await db.query("SELECT * FROM t").count == 1)
            }
        }

        @Test func cancellationRollsTheTransactionBack() async throws {
            try await PrivateServer.database { configuration in
                let db = try await PostgresConnection.connect(configuration)
                let observer = try await PostgresConnection.connect(configuration)
                try await db.execute("CREATE TABLE t (x int)")
                let pid = try await db.backendProcessID()
                let error = try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await db.transaction { tx in
                            try await tx.execute("INSERT INTO t VALUES (1)")
                            try await tx.execute("SELECT pg_sleep(60)")
                        }
                    }
                    try await waitUntilSleeping(pid, observer)
                    group.cancelAll()
                    return try await postgresError { try await group.next() }
                }
                #expect(error.code == .cancelled)
                #expect(try await db.query("SELECT * FROM t").isEmpty)
                #expect(await !db.isInTransaction)
            }
        }

        @Test func cancellationStopsAStatementAtOnce() async throws {
            try await PrivateServer.database { configuration in
                let db = try await PostgresConnection.connect(configuration)
                let observer = try await PostgresConnection.connect(configuration)
                let pid = try await db.backendProcessID()
                let start = ContinuousClock.now
                let error = try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await db.execute("SELECT pg_sleep(60)") }
                    try await waitUntilSleeping(pid, observer)
                    group.cancelAll()
                    return try await postgresError { try await group.next() }
                }
                #expect(error.code == .cancelled)
                #expect(start.duration(to: .now) < .seconds(30))
                #expect(try await db.query("SELECT 1").count == 1)
            }
        }

        @Test func anIgnoredErrorDoesNotPassForACommit() async throws {
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE t (x int)")
                let error = try await postgresError {
                    try await db.transaction { tx in
                        try await tx.execute("INSERT INTO t VALUES (1)")
                        _ = try? await tx.execute("SELECT nonsense")
                    }
                }
                #expect(error.code == .misuse)
                #expect(error.message.contains("rolled back"))
                #expect(try await db.query("SELECT * FROM t").isEmpty)
            }
        }

        @Test func aTerminatedSessionIsALostConnection() async throws {
            try await PrivateServer.database { configuration in
                let db = try await PostgresConnection.connect(configuration)
                let observer = try await PostgresConnection.connect(configuration)
                let pid = try await db.backendProcessID()
                try await observer.execute("SELECT pg_terminate_backend($1, 10000)", [.int32(pid)])
                let error = try await postgresError {
                    try await db.transaction { _ in }
                }
                #expect(error.code == .connectionLost(duringCommit: true))
                #expect(error.recovery == .reconnect)
                #expect(await !db.isUsable)
                let again = try await PostgresConnection.connect(configuration)
                #expect(try await again.query("SELECT 1").count == 1)
            }
        }

        @Test func pagesBoundTheRowsInMemory() async throws {
            try await PrivateServer.connection { db in
                var sizes: [Int] = []
                var sum: Int64 = 0
                try await db.forEachPage(
                    "SELECT x::int8 FROM generate_series(1, $1::int) x", [.int32(2500)], size: 1000
                ) { rows in
                    sizes.append(rows.count)
                    for row in rows { sum += try row.decode(0, as: Int64.self) }
                    _ = try await db.query("SELECT 1")
                }
                #expect(sizes == [1000, 1000, 500])
                #expect(sum == 2500 * 2501 / 2)
            }
        }

        @Test func aCopyRunAsAQueryIsRefusedAndHarmless() async throws {
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE t (x int)")
                for sql in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
                    let error = try await postgresError { try await db.executeScript(sql) }
                    #expect(error.code == .misuse)
                }
                #expect(try await db.query("SELECT 1").count == 1)
            }
        }
    }
}

/// Returns when the session waits in `pg_sleep`, as the server itself reports.
func waitUntilSleeping(_ pid: Int32, _ observer: PostgresConnection) async throws {
    try await eventually("the statement to sleep") {
        try await !observer.query(
            "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'",
            [.int32(pid)]
        ).isEmpty
    }
}
