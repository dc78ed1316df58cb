import OgiveCore
@testable import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("paging", .timeLimit(.minutes(10)))
    struct PagingTests {
        @Test("gives each prompt whole, with all draws, in order of import")
        func givesAllDraws() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 5, draws: 2)
                let pending = try await database.pending(
                    run, limit: PageLimit(prompts: 2, items: 100))
                #expect(pending.map(\.prompt.key) == ["p0", "p1", "p2", "p3", "p4"])
                let all = [WorkItem(name: .draw(0)), WorkItem(name: .draw(1))]
                #expect(pending.allSatisfy { $0.items == all })
                #expect(pending[3].prompt.content == .text("Question 3?"))
                #expect(pending[3].prompt.metadata == "{\"number\": 3}")
            }
        }

        @Test("ends a page after the prompt that reaches the limit of items")
        func limitsItems() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 4, draws: 3)
                let page = try await database.store.pendingPage(
                    of: run, after: nil, limit: PageLimit(prompts: 10, items: 4))
                #expect(page.prompts.count == 2)
                #expect(page.next == page.prompts.last?.prompt.id)
                let rest = try await database.store.pendingPage(
                    of: run, after: page.next, limit: PageLimit(prompts: 10, items: 100))
                #expect(rest.prompts.map(\.prompt.key) == ["p2", "p3"])
                #expect(rest.next == nil)
            }
        }

        @Test("passes over complete prompts and gives only the holes of others")
        func pagesOverHoles() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 6, draws: 3)
                let term = try await database.store.lead(as: "test")
                let ids = try await database.pending(run).map(\.prompt.id)
                for number in [0, 1, 3, 4] {
                    let draws: [Int32] = number == 3 ? [0, 2] : [0, 1, 2]
                    let items = draws.map { Made.draw($0, "text", reward: Double(number)) }
                    _ = try await database.store.land(
                        Made.batch(run, ids[number], items), term: term)
                }
                let pending = try await database.pending(
                    run, limit: PageLimit(prompts: 1, items: 100))
                #expect(pending.map(\.prompt.key) == ["p2", "p3", "p5"])
                #expect(pending[1].items == [WorkItem(name: .draw(1))])
            }
        }

        @Test("is empty, with an end, when everything has landed")
        func endsWhenComplete() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 1)
                let term = try await database.store.lead(as: "test")
                for prompt in try await database.pending(run) {
                    _ = try await database.store.land(
                        Made.batch(run, prompt.prompt.id, [Made.draw(0, "a", reward: 1)]),
                        term: term)
                }
                let page = try await database.store.pendingPage(
                    of: run, after: nil, limit: PageLimit(prompts: 10, items: 10))
                #expect(page == PendingPage(prompts: [], next: nil))
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                #expect(try await database.store.openRuns().isEmpty)
            }
        }

        @Test("offers candidates with their texts until they have a reward or a failure")
        func offersCandidates() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 1, candidates: true)
                let term = try await database.store.lead(as: "test")
                let first = try #require(try await database.pending(run).first)
                #expect(
                    first.items == [
                        WorkItem(name: .draw(0)), WorkItem(name: .candidate(0), text: "good 0"),
                        WorkItem(name: .candidate(1), text: "bad 0"),
                    ])
                let receipt = try await database.store.land(
                    Made.batch(
                        run, first.prompt.id,
                        [
                            Made.draw(0, "a", reward: 1), Made.reward(.candidate(0), 2),
                            Made.failure(.candidate(1), .scoring),
                        ]), term: term)
                #expect(
                    receipt
                        == LandingReceipt(completions: 1, rewards: 2, failures: 1, duplicates: 0))
                #expect(try await database.pending(run).map(\.prompt.key) == ["p1"])
                let status = try #require(try await database.store.status().first)
                #expect(status.targetCandidates == 4 && status.landedCandidates == 1)
                #expect(status.candidateFailures == 1)
                let quantile: Double = try await database.value(
                    """
                    SELECT quantile_reward FROM ogive.candidates
                    WHERE run = 'run' AND prompt_key = 'p0' AND label = 'chosen'
                    """)
                #expect(quantile == 1)
                let differing: Int = try await database.value(
                    """
                    SELECT count(*) FROM (
                        SELECT run, prompt_id, candidate_index, reward, quantile_reward, run_id,
                            scoring_id FROM ogive.candidates WHERE reward IS NOT NULL) a
                    FULL JOIN (
                        SELECT run, prompt_id, candidate_index, reward, quantile_reward, run_id,
                            scoring_id FROM ogive.candidate_rewards WHERE n = 1) b ON a = b
                    WHERE a IS NULL OR b IS NULL
                    """)
                #expect(differing == 0)
                // A reward of a candidate that does not exist is dropped.
                let odd = try await database.store.land(
                    Made.batch(run, first.prompt.id, [Made.reward(.candidate(7), 2)]), term: term)
                #expect(odd.rewards == 0 && odd.duplicates == 1)
            }
        }

        @Test("gives a second scoring the texts that the first one's run sampled")
        func rescoresWithTexts() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 2)
                let term = try await database.store.lead(as: "test")
                for prompt in try await database.pending(run) {
                    _ = try await database.store.land(
                        Made.batch(
                            run, prompt.prompt.id,
                            [Made.draw(0, "x", reward: 1), Made.draw(1, "y", reward: 2)]),
                        term: term)
                }
                let receipt = try await database.store.submit(
                    TestDatabase.spec("again", draws: 2, scorer: "other"))
                #expect(!receipt.samplingIsNew && receipt.scoringIsNew)
                #expect(receipt.sharedWith == ["run"])
                let pending = try await database.pending(receipt.run)
                #expect(pending.count == 2)
                let texts = [
                    WorkItem(name: .draw(0), text: "x"), WorkItem(name: .draw(1), text: "y"),
                ]
                #expect(pending.allSatisfy { $0.items == texts })
                for prompt in pending {
                    _ = try await database.store.land(
                        Made.batch(
                            receipt.run, prompt.prompt.id,
                            [Made.reward(.draw(0), -1), Made.reward(.draw(1), -2)]), term: term)
                }
                let second = try await database.store.table(ofRun: "again", prompt: .key("p0"))
                #expect(second.rewards == [-2, -1])
                let first = try await database.store.table(ofRun: "run", prompt: .key("p0"))
                #expect(first.rewards == [1, 2])
                for name in ["run", "again"] {
                    #expect(try await database.store.audit(run: name).isSound)
                }
            }
        }

        @Test("tops up with the new draws only")
        func topsUp() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Made.draw(0, "a", reward: 1)]), term: term)
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                let receipt = try await database.store.submit(TestDatabase.spec(draws: 3))
                #expect(receipt.outcome == .toppedUp(from: 1, to: 3))
                #expect(receipt.run.id == run.id && !receipt.isFinished)
                let open = try #require(try await database.store.openRuns().first)
                #expect(open == receipt.run)
                let items = try #require(try await database.pending(open).first).items
                #expect(items == [WorkItem(name: .draw(1)), WorkItem(name: .draw(2))])
            }
        }

        @Test(
            "reads the set in the order of its paging index, whatever the planner knows of it",
            arguments: [true, false], [true, false])
        func usesTheIndex(isAnalyzed: Bool, onlyBegun: Bool) async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(3000, set: "other")
                let run = try await database.run(prompts: 3000, draws: 1)
                try await database.importPrompts(3000, set: "third")
                if isAnalyzed { try await database.query("ANALYZE ogive.prompt_rows") }
                var sql = PagingQueries.prompts
                let values = [
                    "2", "4000", "\(run.scoring.rawValue)", "1", "true", "100", "true", "1", "true",
                    "true", "1", "20000", "\(onlyBegun)", "'{1}'",
                ]
                for (index, value) in values.enumerated().reversed() {
                    sql = sql.replacing("$\(index + 1)", with: value)
                }
                let connection = try await PostgresConnection.connect(database.configuration)
                try await connection.execute("BEGIN")
                _ = try await connection.query(PagingQueries.readByIndexes)
                let plan = try await connection.query("EXPLAIN " + sql)
                    .map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
                await connection.close()
                #expect(plan.contains("Index Scan using prompt_rows_paging"), "\(plan)")
                #expect(!plan.contains("Sort"), "\(plan)")
            }
        }
    }
}
