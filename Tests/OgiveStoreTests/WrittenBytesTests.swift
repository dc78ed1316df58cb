import Foundation
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

/// What landing makes the database write. A server of its own: others' writes would count too.
@Suite("bytes written", .serialized, .timeLimit(.minutes(10)))
struct WrittenBytesTests {
    private static let draws = Int32(1_024)

    @Test("Fault 56: draws that land 8 at a time write at most 3 times what they write at once")
    func growsCheaply() async throws {
        let directory = "/tmp/ogive-written-\(UInt32.random(in: 0 ... .max))"
        try await EmbeddedPostgres.with(directory: directory) { server in
            let admin = try await PostgresConnection.connect(server)
            // Only what landing itself writes: no whole pages after a checkpoint, no vacuum. What
            // is written need not be on the disk.
            for setting in ["full_page_writes", "autovacuum", "fsync"] {
                try await admin.execute("ALTER SYSTEM SET \(setting) = off")
            }
            try await admin.execute("SELECT pg_reload_conf()")
            try await eventually("the settings") {
                let row = try await admin.query(
                    """
                    SELECT current_setting('full_page_writes') || current_setting('autovacuum')
                    """
                ).one()
                return try row.decode(0, as: String.self) == "offoff"
            }
            let whole = try await Self.bytes(landing: Self.draws, atOnce: Self.draws, on: server)
            let parts = try await Self.bytes(landing: Self.draws, atOnce: 8, on: server)
            #expect(parts <= 3 * whole, "\(parts) bytes of write-ahead log instead of \(whole)")
            await admin.close()
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    /// Bytes of write-ahead log while the draws of one prompt land, so many in each transaction.
    private static func bytes(
        landing draws: Int32, atOnce count: Int32, on server: PostgresConfiguration
    ) async throws -> Int {
        let name = "at_once_\(count)"
        let admin = try await PostgresConnection.connect(server)
        try await admin.execute("CREATE DATABASE \(name)")
        await admin.close()
        var configuration = server
        configuration.database = name
        try await Migrator(configuration).up()
        let store = PostgresStore(configuration)
        let database = TestDatabase(configuration: configuration, store: store)
        let run = try await database.run(prompts: 1, draws: Int(draws))
        let term = try await store.lead(as: "test")
        let prompt = try #require(try await database.pending(run).first).prompt.id
        try await database.query("CHECKPOINT")
        let position = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
        let before: Int = try await database.value(position)
        for first in stride(from: 0, to: draws, by: Int(count)) {
            let results = (first..<first + count).map {
                // As in other places of this suite: rewards in no order.
                Made.draw($0, "text \($0)", reward: Double((Int($0) * 7919) % 1009) / 8)
            }
            _ = try await store.land(Made.batch(run, prompt, results), term: term)
        }
        let after: Int = try await database.value(position)
        #expect(try await store.finish(run.id, term: term) == .finished)
        let report = try await store.audit(run: "run")
        #expect(report.isSound && report.landed == Int(draws))
        await store.close()
        return after - before
    }
}
