import Foundation
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

/// A database of one test on the suite's server.
struct Database {
    let configuration: PostgresConfiguration

    /// Its address as a configuration file has it.
    var url: String {
        let names = ["host", "port", "user"]
        let query = names.compactMap { name in
            configuration[name].map { "\(name)=\($0)" }
        }
        return "postgresql:///\(configuration.database)?" + query.joined(separator: "&")
    }

    /// Makes a new database, migrated unless `isBare`.
    static func make(isBare: Bool = false) async throws -> Database {
        var configuration = try #require(SharedServer.server)
        let admin = try await PostgresConnection.connect(configuration)
        configuration.database = "test_\(UInt64.random(in: 0 ... .max))"
        try await admin.execute("CREATE DATABASE \(configuration.database)")
        await admin.close()
        if !isBare { try await Migrator(configuration).up() }
        return Database(configuration: configuration)
    }

    /// A connection, to be closed by the caller.
    func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(configuration)
    }

    /// The rows of a query.
    func rows(_ sql: String) async throws -> PostgresRows {
        let connection = try await connect()
        do {
            let rows = try await connection.query(sql)
            await connection.close()
            return rows
        } catch {
            await connection.close()
            throw error
        }
    }

    /// The single value of a query.
    func value<T: PostgresDecodable>(_ sql: String, as type: T.Type = T.self) async throws -> T {
        try await rows(sql).one().decode(0)
    }

    /// How many rewards of draws there are.
    func landed() async throws -> Int {
        try await value("SELECT coalesce(sum(n), 0)::int8 FROM ogive.quantile_table_rows")
    }

    /// One text that holds every table and draw of the database, bit for bit; equal for equal
    /// results.
    func digest() async throws -> String {
        let tables: String = try await value(
            """
            SELECT count(*) || ':' || md5(string_agg(prompt_key
                || encode(array_send(rewards), 'hex') || encode(array_send(draw_indexes), 'hex')
                || encode(array_send(draw_rewards), 'hex'), ',' ORDER BY prompt_key))
            FROM ogive.quantile_tables
            """)
        let draws: String = try await value(
            """
            SELECT count(*) || ':' || md5(string_agg(prompt_key || ' ' || draw_index || ' '
                || md5(text) || ' ' || seed || ' ' || finish_reason || ' '
                || coalesce(encode(float8send(log_probability), 'hex'), ''), ','
                ORDER BY prompt_key, draw_index))
            FROM ogive.scored_completions
            """)
        return tables + " " + draws
    }
}
