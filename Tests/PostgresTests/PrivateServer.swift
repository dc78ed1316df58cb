import Glibc
import Postgres
import Testing

/// Runs a suite with a private server, stopped afterwards; `PrivateServer.database` gives each
/// test a database of its own.
struct PrivateServer: SuiteTrait, TestScoping {
    @TaskLocal static var configuration: PostgresConfiguration?

    /// Kept between runs, because making a server takes seconds; runs at the same time share it.
    static var directory: String { "/tmp/ogive-postgres-tests-\(geteuid())" }

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await EmbeddedPostgres.with(directory: Self.directory) { configuration in
            try await Self.$configuration.withValue(configuration) { try await function() }
        }
    }

    /// Runs `body` with an empty database that only this test uses.
    static func database(
        _ body: (PostgresConfiguration) async throws -> Void
    ) async throws {
        let server = try #require(configuration)
        let name = "test_\(UInt64.random(in: 0 ... .max))"
        let admin = try await PostgresConnection.connect(server)
        try await admin.execute("CREATE DATABASE \(name)")
        var own = server
        own.database = name
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(own))
        } catch {
            outcome = .failure(error)
        }
        try await admin.execute("DROP DATABASE \(name) WITH (FORCE)")
        await admin.close()
        try outcome.get()
    }

    /// Runs `body` with one connection to a database that only this test uses.
    static func connection(
        _ body: (PostgresConnection) async throws -> Void
    ) async throws {
        try await database { configuration in
            let connection = try await PostgresConnection.connect(configuration)
            try await body(connection)
            await connection.close()
        }
    }
}

extension Trait where Self == PrivateServer {
    /// A private server for the suite.
    static var privateServer: PrivateServer { PrivateServer() }
}

/// The tests that need a server.
@Suite(.privateServer, .timeLimit(.minutes(10))) enum WithServer {}

/// Runs `body` and returns the module's error that it must throw.
func postgresError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> PostgresError {
    do {
        try await body()
    } catch {
        return try #require(error as? PostgresError, sourceLocation: sourceLocation)
    }
    throw PostgresError(.misuse, "nothing was thrown")
}
