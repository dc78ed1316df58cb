import Foundation
import Harness
import OgiveStore
import Postgres
import Testing

/// Runs a suite with one private PostgreSQL for all of its tests.
struct SharedServer: SuiteTrait, TestScoping {
    @TaskLocal static var server: PostgresConfiguration?

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let directory = "/tmp/ogive-e2e-server-\(UInt32.random(in: 0 ... .max))"
        try await EmbeddedPostgres.with(directory: directory) { server in
            try await Self.$server.withValue(server) { try await function() }
        }
        try FileManager.default.removeItem(atPath: directory)
    }
}

extension Trait where Self == SharedServer {
    static var sharedServer: SharedServer { SharedServer() }
}

extension Database {
    /// Makes a new database, migrated unless `isEmpty`.
    static func make(isEmpty: Bool = false) async throws -> Database {
        var configuration = try #require(SharedServer.server)
        let admin = try await PostgresConnection.connect(configuration)
        configuration.database = "test_\(UInt64.random(in: 0 ... .max))"
        try await admin.execute("CREATE DATABASE \(configuration.database)")
        await admin.close()
        if !isEmpty { try await Migrator(configuration).up() }
        return Database(configuration: configuration)
    }
}
