import OgiveTesting
import Postgres
import Testing

extension WithServer {
    @Suite("Prepared statements", .timeLimit(.minutes(10))) struct PreparedStatements {
        @Test("A statement is prepared once for each kind of its parameters, and says the same")
        func once() async throws {
            try await PrivateServer.connection { db in
                for number in 1...3 as ClosedRange<Int32> {
                    let rows = try await db.queryPrepared("SELECT $1 + 1 AS n", [.int32(number)])
                    #expect(try rows.one().decode("n", as: Int32.self) == number + 1)
                }
                let wide = try await db.queryPrepared("SELECT $1 + 1 AS n", [.int64(1 << 40)])
                #expect(try wide.one().decode("n", as: Int64.self) == 1 << 40 + 1)
                let prepared = try await db.query("SELECT name FROM pg_prepared_statements")
                #expect(prepared.count == 2)
            }
        }

        @Test("One that fails is an error like others, and can be asked again")
        func fails() async throws {
            try await PrivateServer.connection { db in
                let missing = try await postgresError {
                    try await db.queryPrepared("SELECT * FROM nowhere")
                }
                #expect(missing.sqlState == "42P01")
                try await db.execute("CREATE TABLE nowhere (x int)")
                #expect(try await db.queryPrepared("SELECT * FROM nowhere").isEmpty)
                let zero = try await postgresError {
                    try await db.queryPrepared("SELECT 1 / $1", [.int32(0)])
                }
                #expect(zero.sqlState == "22012")
                #expect(try await db.queryPrepared("SELECT 1 / $1", [.int32(1)]).count == 1)
            }
        }

        @Test(
            "What makes a statement useless is told once, and it is prepared anew",
            arguments: [
                ("ALTER TABLE t ADD y int", "0A000"), ("DEALLOCATE ALL", "26000"),
            ])
        func forgotten(change: String, state: String) async throws {
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE t (x int)")
                try await db.queryPrepared("SELECT * FROM t")
                try await db.execute(change)
                let error = try await postgresError {
                    try await db.queryPrepared("SELECT * FROM t")
                }
                #expect(error.sqlState == state && error.code == .statementLost)
                #expect(error.recovery == .retry)
                #expect(try await db.queryPrepared("SELECT * FROM t").isEmpty)
            }
        }

        @Test("What is prepared in a transaction that is rolled back stays")
        func rolledBack() async throws {
            struct Stop: Error {}
            try await PrivateServer.connection { db in
                await #expect(throws: Stop.self) {
                    try await db.transaction { tx in
                        try await tx.queryPrepared("SELECT 1 AS x")
                        throw Stop()
                    }
                }
                let rows = try await db.queryPrepared("SELECT 1 AS x")
                #expect(rows.count == 1)
            }
        }
    }
}
