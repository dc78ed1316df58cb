import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("one reward for one text", .timeLimit(.minutes(10)))
    struct OneRewardTests {
        /// A run with two candidates, "good 0" and "bad 0", and what it needs to land.
        private static func run(
            _ database: TestDatabase, draws: Int
        ) async throws -> (run: RunDescription, prompt: PromptID, term: Term) {
            try await database.importPrompts(1, candidates: true)
            var spec = TestDatabase.spec(draws: draws)
            spec.candidates = [.score]
            let run = try await database.store.submit(spec).run
            let prompt = try #require(try await database.pending(run).first).prompt.id
            return (run, prompt, try await database.store.lead(as: "test"))
        }

        private static func rewards(_ database: TestDatabase) async throws -> [Double] {
            try await database.store.table(ofRun: "run", prompt: .key("p0")).drawRewards
        }

        @Test("holds within a batch, and the first that came wins")
        func withinBatch() async throws {
            try await TestDatabase.with { database in
                let (run, prompt, term) = try await Self.run(database, draws: 4)
                let receipt = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [
                            Made.draw(2, "same", reward: 1), Made.draw(0, "same", reward: 1.25),
                            Made.draw(1, "other", reward: 5), Made.draw(3, "same", reward: 1.5),
                        ]), term: term)
                #expect(receipt.rewards == 4 && receipt.duplicates == 0)
                #expect(try await Self.rewards(database) == [1, 5, 1, 1])
                let sum: Double = try await database.value(
                    "SELECT reward_sum::float8 FROM ogive.scoring_progress")
                #expect(sum == 8)
                let quantiles: Int = try await database.value(
                    "SELECT count(DISTINCT quantile_reward) FROM ogive.scored_completions")
                #expect(quantiles == 2)
            }
        }

        @Test("holds across batches, byte for byte")
        func acrossBatches() async throws {
            try await TestDatabase.with { database in
                let (run, prompt, term) = try await Self.run(database, draws: 6)
                let texts = ["e\u{301}", "\u{E9}", "a\0b", "a\u{FFFD}b", "e\u{301}", "a\0b"]
                for (index, text) in texts.enumerated() {
                    _ = try await database.store.land(
                        Made.batch(
                            run, prompt, [Made.draw(Int32(index), text, reward: Double(index))]),
                        term: term)
                }
                #expect(try await Self.rewards(database) == [0, 1, 2, 3, 0, 2])
                #expect(try await database.store.audit(run: "run").problems == [])
            }
        }

        @Test("holds between draws and candidates, whichever came first")
        func candidates() async throws {
            try await TestDatabase.with { database in
                let (run, prompt, term) = try await Self.run(database, draws: 2)
                for item in [
                    Made.reward(.candidate(0), 1), Made.draw(0, "good 0", reward: 2),
                    Made.draw(1, "bad 0", reward: 3), Made.reward(.candidate(1), 4),
                ] {
                    _ = try await database.store.land(
                        Made.batch(run, prompt, [item]), term: term)
                }
                #expect(try await Self.rewards(database) == [1, 3])
                let reported = try await database.query(
                    "SELECT reward FROM ogive.candidates ORDER BY candidate_index"
                ).map { try $0.decode(0, as: Double.self) }
                #expect(reported == [1, 3])
            }
        }

        @Test("holds for whole tables that come with their candidates")
        func wholeTable() async throws {
            try await TestDatabase.with { database in
                let (run, prompt, term) = try await Self.run(database, draws: 2)
                _ = try await database.store.land(
                    Made.batch(
                        run, prompt,
                        [
                            Made.reward(.candidate(1), 7), Made.draw(0, "bad 0", reward: 2),
                            Made.draw(1, "x", reward: 3),
                        ]), term: term)
                #expect(try await Self.rewards(database) == [7, 3])
                #expect(try await database.store.audit(run: "run").problems == [])
            }
        }

        @Test("holds for texts that were stored before, with the parts of the reward")
        func storedTexts() async throws {
            try await TestDatabase.with { database in
                let (run, prompt, term) = try await Self.run(database, draws: 3)
                _ = try await database.store.land(
                    Made.batch(run, prompt, (0..<3).map { Made.draw($0, "same", reward: nil) }),
                    term: term)
                for index in [1, 0, 2] as [Int32] {
                    var item = Made.reward(.draw(index), Double(index))
                    item.parts = [Double(index), 10]
                    _ = try await database.store.land(
                        Made.batch(run, prompt, [item]), term: term)
                }
                #expect(try await Self.rewards(database) == [1, 1, 1])
                let parts = try await database.query("SELECT parts FROM ogive.reward_part_rows")
                    .map { try $0.decode(0, as: [Double].self) }
                #expect(parts == [[1, 10], [1, 10], [1, 10]])
            }
        }
    }
}
