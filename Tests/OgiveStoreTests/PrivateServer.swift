import FoundationEssentials
import OgiveStore
import Postgres
import Testing

/// All tests that need PostgreSQL: one private server for the suite, a database for each test.
@Suite("The store", .privateServer, .timeLimit(.minutes(10)))
struct StoreTests {}

/// Runs a suite with a private server that is stopped, and its files removed, afterwards; or with
/// the server that OGIVE_TEST_DATABASE names.
struct PrivateServer: SuiteTrait, TestScoping {
    @TaskLocal static var server: PostgresConfiguration?

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        if let address = ProcessInfo.processInfo.environment["OGIVE_TEST_DATABASE"] {
            let server = try PostgresConfiguration(address)
            try await Self.makeTemplates(server)
            try await Self.$server.withValue(server) { try await function() }
            return
        }
        let directory = "/tmp/ogive-store-tests-\(UInt32.random(in: 0 ... .max))"
        try await EmbeddedPostgres.with(directory: directory) { server in
            try await Self.makeTemplates(server)
            try await Self.$server.withValue(server) { try await function() }
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    /// An empty database and a migrated one, from which the tests' databases are copied.
    private static func makeTemplates(_ server: PostgresConfiguration) async throws {
        let connection = try await PostgresConnection.connect(server)
        for name in ["ogive_empty", "ogive_template"] {
            try await connection.execute("DROP DATABASE IF EXISTS \(name)")
            try await connection.execute("CREATE DATABASE \(name)")
        }
        await connection.close()
        var template = server
        template.database = "ogive_template"
        try await Migrator(template).up()
    }
}

extension Trait where Self == PrivateServer {
    static var privateServer: PrivateServer { PrivateServer() }
}
