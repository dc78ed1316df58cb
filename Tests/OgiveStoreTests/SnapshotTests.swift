import Foundation
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("snapshots", .timeLimit(.minutes(10)))
    struct SnapshotTests {
        /// Calls of all functions for trainers; `%` is the last argument.
        private static let calls = [
            "training_rows('run', 0.3%)", "training_rows('run', 0.3, 'scaled-normal-icdf'%)",
            "preference_pairs('run'%)", "preference_pairs('run', 'best-worst'%)",
            "preference_pairs('run', 'balanced', pairs => 2%)", "value_rows('run'%)",
            "prompt_features('run'%)", "mean_reward_spread('run'%)",
            "qrpo_claire_rows('run'%)", "qrpo_swiss_rows('run', 'best-worst', n_ref => 2%)",
            "trl_dpo_rows('run'%)", "trl_kto_rows('run'%)", "trl_sft_rows('run'%)",
            "trl_a2po_rows('run'%)", "astar_po_rows('run', 2%)", "raw_rows('run'%)",
        ]

        /// All that the functions answer with, of a snapshot or of what is there now.
        private static func all(
            _ database: TestDatabase, _ snapshot: String? = nil
        ) async throws -> [String] {
            var found: [String] = []
            for call in calls {
                let call = call.replacing("%", with: snapshot.map { ", snapshot => '\($0)'" } ?? "")
                found.append(
                    try await database.value(
                        """
                        SELECT coalesce(string_agg(x::text, E'\\n' ORDER BY x::text), '')
                        FROM ogive.\(call) x
                        """))
            }
            return found
        }

        private static func pin(
            _ database: TestDatabase, _ name: String, incomplete: Bool = true, run: String = "run"
        ) async throws -> Snapshot {
            try await database.store.makeSnapshot(
                ofRun: run, named: name, allowsPending: incomplete, program: "1.2.3")
        }

        @Test("stay what they were under top-up, retries and late rewards, in every function")
        func stay() async throws {
            try await TestDatabase.with { database in
                let prompts = try await TrainerRowsTests.run(database)
                let before = try await Self.all(database)
                let snapshot = try await Self.pin(database, "v1")
                #expect(!snapshot.isComplete)
                #expect(try await Self.all(database, "v1") == before)

                var spec = TestDatabase.spec(draws: 8)
                spec.candidates = [.score, .logprobs]
                let run = try await database.store.submit(spec).run
                let term = try await database.store.lead(as: "later")
                for prompt in prompts {
                    let items = [
                        Made.draw(6, "late", reward: 9), Made.draw(7, "later", reward: -9),
                        Made.reward(.draw(3), 4), Made.reward(.candidate(1), 1),
                    ]
                    _ = try await database.store.land(
                        Made.batch(run, prompt, items), term: term)
                }
                let after = try await Self.all(database)
                for (old, new) in zip(before, after) { #expect(old != new) }
                #expect(try await Self.all(database, "v1") == before)
                #expect(try await database.store.audit(run: "run").problems == [])
                _ = try await Self.pin(database, "v2")
                #expect(try await Self.all(database, "v2") == after)
                #expect(
                    try await database.store.snapshots(ofRun: "run").map(\.name) == ["v1", "v2"])
            }
        }

        @Test("have the checksum that the documentation's SQL computes, as a reader")
        func checksum() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                let snapshot = try await Self.pin(database, "v1")
                let page = try String(
                    contentsOfFile: #filePath.replacing(
                        "Tests/OgiveStoreTests/SnapshotTests.swift",
                        with: "Sources/ogive/Documentation.docc/Snapshots.md"), encoding: .utf8)
                let block = try #require(
                    page.components(separatedBy: "```sql\n").first { $0.contains("string_agg") })
                let sql = try #require(block.components(separatedBy: "```").first)
                    .replacing("'quickstart'", with: "'run'").replacing(";", with: "")
                try await database.run(sql, as: "ogive_reader")
                let found: String = try await database.value(sql)
                #expect(found == snapshot.sha256)
                let manifest = try #require(
                    try JSONSerialization.jsonObject(with: Data(snapshot.manifest.utf8))
                        as? [String: Any])
                #expect(manifest["sha256"] as? String == found)
                #expect(manifest["ogive_version"] as? String == "1.2.3")
                let counts = try #require(manifest["counts"] as? [String: Int])
                #expect(counts["draws"] == 24 && counts["rewards"] == 17)
                #expect(counts["candidates"] == 5 && counts["prompts"] == 4)
                let spec = manifest["sampling_spec"] as? [String: Any]
                #expect((spec?["policy"] as? [String: Any])?["model"] as? String == "policy")
            }
        }

        @Test(
            "that were tampered with are found by audit, with the prompt",
            arguments: [
                "UPDATE ogive.completion_rows SET text = 'x' WHERE prompt_id = $1 "
                    + "AND draw_index = 2",
                "UPDATE ogive.completion_rows SET log_probability = -7 WHERE prompt_id = $1 "
                    + "AND draw_index = 2",
                "DELETE FROM ogive.completion_rows WHERE prompt_id = $1 AND draw_index = 2",
                "UPDATE ogive.candidate_rows SET text = 'x' WHERE prompt_id = $1",
                "UPDATE ogive.prompt_rows SET content = '{\"text\": \"?\"}' WHERE id = $1",
                "UPDATE ogive.snapshot_table_rows SET draw_rewards[1] = 5 WHERE prompt_id = $1",
                "UPDATE ogive.snapshot_table_rows SET rewards[1] = -5 WHERE prompt_id = $1",
            ])
        func tampering(_ sql: String) async throws {
            try await TestDatabase.with { database in
                let prompts = try await TrainerRowsTests.run(database)
                _ = try await Self.pin(database, "v1")
                func found() async throws -> [String] {
                    try await database.store.audit(run: "run").problems.filter {
                        $0.hasPrefix("snapshot")
                    }
                }
                #expect(try await found() == [])
                let prompt = prompts[0].rawValue
                try await database.query(sql, [.int64(prompt)])
                #expect(
                    try await found() == [
                        "snapshot \"v1\": prompt \(prompt) is not what was pinned"
                    ])
                try await database.query(
                    "DELETE FROM ogive.snapshot_table_rows WHERE prompt_id = $1", [.int64(prompt)])
                #expect(
                    try await found() == [
                        "snapshot \"v1\": its checksum is not that of its prompts"
                    ])
            }
        }

        @Test("of an unfinished run, or under a name that is taken, are refused with what to do")
        func refused() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 2)
                let term = try await database.store.lead(as: "test")
                let prompts = try await database.pending(run).map(\.prompt.id)
                _ = try await database.store.land(
                    Made.batch(run, prompts[0], [Made.draw(0, "a", reward: 1)]), term: term)
                await #expect {
                    try await Self.pin(database, "v1", incomplete: false)
                } throws: { error in
                    let error = error as? StoreError
                    return error?.code == .conflict
                        && error?.message.contains("3 draws, ") == true
                        && error?.message.contains("--incomplete") == true
                }
                let none: Int = try await database.value(
                    "SELECT count(*) FROM ogive.snapshot_tables")
                #expect(none == 0)
                for prompt in prompts {
                    let items = [Made.draw(0, "a", reward: 1), Made.failure(.draw(1), .sampling)]
                    _ = try await database.store.land(
                        Made.batch(run, prompt, items), term: term)
                }
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                let made = try await Self.pin(database, "v1", incomplete: false)
                #expect(made.isComplete && made.rewards == 2 && made.failures == 2)
                for (run, name, word) in [
                    ("run", "v1", "already"), ("runn", "v1", "no run"), ("run", "", "1 to 200"),
                ] {
                    await #expect {
                        try await Self.pin(database, name, run: run)
                    } throws: {
                        ($0 as? StoreError)?.code == .conflict && "\($0)".contains(word)
                    }
                }
                await #expect {
                    try await database.query("SELECT * FROM ogive.value_rows('run', 1, 'v2')")
                } throws: {
                    ($0 as? PostgresError)?.message.contains("no snapshot named 'v2'") == true
                        && ($0 as? PostgresError)?.hint?.contains("v1") == true
                }
                await #expect {
                    try await database.store.submit(
                        TestDatabase.spec(draws: 2, scorer: "another"))
                } throws: {
                    ($0 as? StoreError)?.code == .conflict && "\($0)".contains("snapshots (v1)")
                }
            }
        }

        @Test("hold the run's own draws, not those of a larger run of the same scoring")
        func ownDraws() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 1, draws: 2, name: "run")
                let large = try await database.store.submit(
                    TestDatabase.spec("large", draws: 4)
                ).run
                let term = try await database.store.lead(as: "test")
                let prompt = try await database.pending(large)[0].prompt.id
                let draws = [4.0, 3, 2, 1].enumerated().map {
                    Made.draw(Int32($0.offset), "\($0.offset)", reward: $0.element)
                }
                _ = try await database.store.land(Made.batch(large, prompt, draws), term: term)
                for (run, rewards) in [("run", [3.0, 4]), ("large", [1.0, 2, 3, 4])] {
                    _ = try await Self.pin(database, "v1", run: run)
                    let found: [Double] = try await database.value(
                        "SELECT rewards FROM ogive.snapshot_tables WHERE run = $1", [.string(run)])
                    #expect(found == rewards)
                    let rows: Int = try await database.value(
                        "SELECT count(*) FROM ogive.training_rows($1, 1, snapshot => 'v1')",
                        [.string(run)])
                    #expect(rows == rewards.count)
                }
            }
        }

        @Test("are read a page at a time: the functions are inlined")
        func areInlined() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                _ = try await Self.pin(database, "v1")
                for call in [
                    "training_rows('run', 1, snapshot => 'v1')",
                    "preference_pairs('run', snapshot => 'v1')",
                    "value_rows('run', snapshot => 'v1')", "prompt_features('run', 'v1')",
                ] {
                    let plan = try await database.query(
                        "EXPLAIN SELECT * FROM ogive.\(call) WHERE prompt_id = ANY ('{1,2}')"
                    ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
                    let lines = plan.split(separator: "\n").map(String.init)
                    let pinned = lines.firstIndex { $0.contains("on snapshot_table_rows") }
                    let place = try #require(pinned, "\(plan)")
                    #expect(
                        lines[place...].prefix(4).contains { $0.contains("'{1,2}'") }, "\(plan)")
                    #expect(!plan.contains("Function Scan on \(call.prefix { $0 != "(" })"))
                }
            }
        }
    }
}
