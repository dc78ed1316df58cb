import Glibc
import Postgres
import Testing

extension WithServer {
    /// A connection that lives while its server says nothing: the server's process is stopped.
    @Suite(.timeLimit(.minutes(10))) struct SilentServer {
        @Test func aStatementWithoutAnAnswerIsGivenUp() async throws {
            try await silenced { db in
                let error = try await postgresError { try await db.execute("SELECT 1") }
                // On its own the statement is a transaction, so it may have been committed.
                #expect(error.code == .connectionLost(duringCommit: true))
                #expect(error.message.contains("silent"))
            }
        }

        @Test func aTransactionThatWasNotToBeCommittedYetIsKnownToBeLost() async throws {
            try await silenced(after: "BEGIN") { db in
                let error = try await postgresError { try await db.execute("SELECT 1") }
                #expect(error.code == .connectionLost(duringCommit: false))
                #expect(await !db.isUsable)
            }
        }

        @Test func aCommitWithoutAnAnswerHasAnUnknownOutcome() async throws {
            try await silenced(after: "BEGIN") { db in
                let error = try await postgresError { try await db.execute("COMMIT") }
                #expect(error.code == .connectionLost(duringCommit: true))
                #expect(error.recovery == .reconnect)
            }
        }

        @Test func rowsThatNobodyTakesAreGivenUp() async throws {
            let copy = "COPY t FROM STDIN"
            try await silenced(after: "CREATE TABLE t (x text)") { db in
                let error = try await postgresError {
                    try await db.copyIn(copy) { _ in }
                }
                #expect(error.code == .connectionLost(duringCommit: true))
            }
        }

        /// Runs `body` with a connection whose server has done `statement` and then stopped.
        private func silenced(
            after statement: String = "SELECT 1", _ body: (PostgresConnection) async throws -> Void
        ) async throws {
            try await PrivateServer.database { configuration in
                var configuration = configuration
                configuration.statementTimeout = .milliseconds(200)
                configuration.grace = .milliseconds(100)
                let db = try await PostgresConnection.connect(configuration)
                let id = try await db.backendProcessID()
                try await db.execute(statement)
                kill(id, SIGSTOP)
                defer { kill(id, SIGCONT) }
                try await body(db)
            }
        }
    }
}
