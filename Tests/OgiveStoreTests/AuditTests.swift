import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("auditing", .timeLimit(.minutes(10)))
    struct AuditTests {
        /// A finished run of 3 prompts × 2 draws with candidates, one draw of which failed.
        private static func finished(
            _ database: TestDatabase
        ) async throws -> RunDescription {
            let run = try await database.run(prompts: 3, draws: 2, candidates: true)
            let term = try await database.store.lead(as: "test")
            for (number, prompt) in try await database.pending(run).enumerated() {
                var items = [
                    Made.draw(0, "a", reward: 2), Made.draw(1, "b", reward: 1),
                    Made.reward(.candidate(0), 1), Made.reward(.candidate(1), 0),
                ]
                if number == 1 { items[1] = Made.failure(.draw(1), .sampling) }
                _ = try await database.store.land(
                    Made.batch(run, prompt.prompt.id, items), term: term)
            }
            #expect(try await database.store.finish(run.id, term: term) == .finished)
            return run
        }

        @Test("is sound when each draw has landed or has its reason, which it lists")
        func isSound() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.finished(database)
                let report = try await database.store.audit(run: "run")
                #expect(report.isSound)
                #expect(report.prompts == 3 && report.draws == 2)
                #expect(report.landed == 5 && report.failed == 1 && report.pending == 0)
                #expect(report.candidates == 6 && report.landedCandidates == 6)
                #expect(report.missing.count == 1)
                #expect(report.missing.first?.promptKey == "p1")
                #expect(report.missing.first?.index == 1)
                #expect(report.missing.first?.reason == "sampling timeout: took too long")
            }
        }

        @Test("lists draws and candidates that are missing, up to the limit")
        func listsMissing() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 2, draws: 3, candidates: true)
                // While it is open, they are pending and not missing.
                let open = try await database.store.audit(run: "run", listMax: 4)
                #expect(!open.isSound && open.isOpen && open.isConsistent)
                #expect(open.pendingItems == 10 && open.missing.isEmpty)
                try await database.query(
                    "UPDATE ogive.runs SET state = 'finished', finished_at = now()")
                let report = try await database.store.audit(run: "run", listMax: 4)
                #expect(!report.isSound && !report.isOpen && report.missingCount == 10)
                #expect(report.pending == 6 && report.pendingCandidates == 4)
                #expect(report.missing.count == 4)
                #expect(report.missing.map(\.index) == [0, 1, 2, 0])
                #expect(report.missing.allSatisfy { $0.reason == nil && !$0.hasText })
                await #expect(throws: StoreError.self) {
                    _ = try await database.store.audit(run: "none")
                }
            }
        }

        /// A change behind the store's back, and what the audit must say of it.
        static let damages: [(sql: String, expected: String)] = [
            ("DELETE FROM ogive.failure_rows", "the counter says 1, there are 0"),
            (
                "DELETE FROM ogive.completion_rows WHERE prompt_id = 1 AND draw_index = 0",
                "a reward belongs to no completion"
            ),
            (
                "DELETE FROM ogive.completion_rows WHERE prompt_id = 1 AND draw_index = 1",
                "a reward belongs to no completion"
            ),
            (
                "DELETE FROM ogive.completion_rows WHERE prompt_id = 1",
                "a reward belongs to no completion"
            ),
            (
                "UPDATE ogive.quantile_table_rows SET rewards = '{2,1}' WHERE prompt_id = 1",
                "rewards are not the sorted draw rewards"
            ),
            (
                "UPDATE ogive.quantile_table_rows SET rewards = '{1,3}' WHERE prompt_id = 1",
                "rewards are not the sorted draw rewards"
            ),
            (
                """
                UPDATE ogive.quantile_table_rows SET draw_indexes = '{0,0}', complete_to = 1
                WHERE prompt_id = 1
                """, "not ascending, distinct"
            ),
            (
                "UPDATE ogive.quantile_table_rows SET complete_to = 1 WHERE prompt_id = 1",
                "complete_to is not the number of leading draws"
            ),
            (
                """
                INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, landed_at,
                worker, finish_reason, text) SELECT sampling_id, prompt_id, 2, landed_at, worker,
                finish_reason, text FROM ogive.completion_rows WHERE prompt_id = 1 LIMIT 1
                """, "draw 2 was not asked for by any run"
            ),
            (
                """
                INSERT INTO ogive.failure_rows SELECT scoring_id, 1, 0, attempts, failed_at, worker,
                item_kind, stage, code, message FROM ogive.failure_rows
                """, "draw 0 has a reward and a failure"
            ),
            (
                """
                INSERT INTO ogive.failure_rows SELECT scoring_id, 1, 0, attempts, failed_at, worker,
                'candidate', stage, code, message FROM ogive.failure_rows
                """, "candidate 0 has a reward and a failure"
            ),
            (
                "UPDATE ogive.sampling_progress SET draws = draws + 1",
                "draws of the sampling: the counter says 6, there are 5"
            ),
            (
                "UPDATE ogive.scoring_progress SET rewards = 0",
                "rewards of the scoring: the counter says 0, there are 5"
            ),
            (
                """
                UPDATE ogive.quantile_table_rows SET draw_rewards = '{42,42}', rewards = '{42,42}'
                WHERE prompt_id = 1
                """, "rewards: what landed sums up to 8, what is there to 89"
            ),
            ("UPDATE ogive.prompt_sets SET prompts = 9", "prompts of the set"),
            (
                "DELETE FROM ogive.candidate_reward_rows WHERE prompt_id = 1",
                "candidate rewards of the scoring"
            ),
        ]

        @Test("finds each kind of damage", arguments: damages)
        func findsDamage(sql: String, expected: String) async throws {
            try await TestDatabase.with { database in
                _ = try await Self.finished(database)
                try await database.query(sql)
                let report = try await database.store.audit(run: "run")
                #expect(!report.isSound)
                #expect(
                    report.problems.contains { $0.contains(expected) }, "\(report.problems)")
            }
        }

        @Test("finds a draw that is gone with all its traces")
        func findsLostDraw() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.finished(database)
                try await database.query(
                    "DELETE FROM ogive.quantile_table_rows WHERE prompt_id = 3")
                try await database.query("DELETE FROM ogive.completion_rows WHERE prompt_id = 3")
                try await database.query("UPDATE ogive.sampling_progress SET draws = draws - 2")
                try await database.query(
                    """
                    UPDATE ogive.scoring_progress SET rewards = rewards - 2,
                    reward_sum = reward_sum - 3
                    """)
                let report = try await database.store.audit(run: "run")
                #expect(report.problems == [])
                #expect(!report.isSound && report.pending == 2)
                #expect(
                    report.missing.filter { $0.reason == nil }.map(\.promptKey) == ["p2", "p2"])
            }
        }
    }
}
