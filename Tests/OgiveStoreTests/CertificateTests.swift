import Foundation
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("certificates", .timeLimit(.minutes(10)))
    struct CertificateTests {
        private static func certificate(
            _ database: TestDatabase, _ snapshot: String?
        ) async throws -> [String: Any] {
            let text: String = try await database.value(
                "SELECT ogive.certificate('run', $1)::text",
                [.optional(snapshot, PostgresValue.string)])
            return try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        @Test("count what is in the tables, and what is not", arguments: [nil, "v1"])
        func counts(snapshot: String?) async throws {
            try await TestDatabase.with { database in
                let prompts = try await TrainerRowsTests.run(database)
                if let snapshot {
                    _ = try await database.store.makeSnapshot(
                        ofRun: "run", named: snapshot, allowsPending: true, program: "1")
                    // What comes later is none of the snapshot's.
                    let run = try await database.store.submit(TestDatabase.spec(draws: 7)).run
                    let term = try await database.store.lead(as: "later")
                    _ = try await database.store.land(
                        Made.batch(run, prompts[1], [Made.draw(6, "late", reward: 9)]), term: term)
                }
                let found = try await Self.certificate(database, snapshot)
                let tables = try #require(found["tables"] as? [String: Double])
                let effective = [5.0 * 5 / 7, 1, 6].reduce(0, +) / 3
                #expect(
                    tables.filter { $0.key != "mean_effective_count" } == [
                        "count": 3, "complete": 2, "degenerate": 1, "rewards": 17, "smallest": 5,
                        "largest": 6,
                    ])
                #expect(TrainerRowsTests.isClose(tables["mean_effective_count"], effective))
                #expect(
                    found["completions"] as? [String: Double] == [
                        "count": 24, "truncated": 0, "lossy_text": 0,
                        "without_log_probability": 0, "without_reward": 7,
                    ])
                #expect(found["prompts"] as? Int == 4 && found["run"] as? String == "run")
                let sampling = try #require(found["sampling"] as? [String: Any])
                #expect(sampling["samples_model"] as? Bool == true)
                #expect((sampling["sha256"] as? String)?.count == 64)
                #expect((found["snapshot_sha256"] is NSNull) == (snapshot == nil))
            }
        }

        @Test("are for readers, and of runs that there are")
        func readers() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                try await database.run("SELECT ogive.certificate('run')", as: "ogive_reader")
                await #expect {
                    _ = try await database.query("SELECT ogive.certificate('nope')")
                } throws: {
                    "\($0)".contains("no run named 'nope'")
                }
            }
        }
    }
}
