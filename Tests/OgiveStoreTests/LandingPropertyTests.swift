import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("landing, whatever comes", .timeLimit(.minutes(10)))
    struct LandingPropertyTests {
        @Test("lands a batch as its results would land one by one", arguments: 1...3)
        func landsAsOneByOne(seed: Int) async throws {
            var scenario = LandingScenario(seed: seed)
            let batches = (0..<12).map { _ in scenario.arbitraryBatch(items: 40) }
            let whole = try await Self.land(batches)
            let single = try await Self.land(batches.flatMap(Self.split))
            #expect(whole == single)
            for table in Self.tables {
                #expect(whole.contains { $0.hasPrefix("\(table) ") }, "nothing in \(table)")
            }
        }

        @Test("lands batches beside each other as one after the other", arguments: 1...3)
        func landsInParallel(seed: Int) async throws {
            var scenario = LandingScenario(seed: seed)
            let batches = (0..<16).map { _ in scenario.repeatableBatch(items: 40) }
            let one = try await Self.land(batches)
            let many = try await Self.land(batches, parallel: 4)
            #expect(one == many)
            for table in Self.tables {
                #expect(one.contains { $0.hasPrefix("\(table) ") }, "nothing in \(table)")
            }
        }

        private static let tables = [
            "completion_rows", "quantile_table_rows", "failure_rows", "candidate_reward_rows",
            "candidate_log_probability_rows", "reward_part_rows", "sampling_progress",
            "scoring_progress",
        ]

        /// One batch for each result.
        private static func split(_ batch: LandingBatch) -> [LandingBatch] {
            batch.groups.flatMap { group in
                group.items.map { item in
                    var one = group
                    one.items = [item]
                    return LandingBatch(id: batch.id, groups: [one])
                }
            }
        }

        /// Lands batches in a new database; the rows of its tables then.
        private static func land(
            _ batches: [LandingBatch], parallel: Int = 1
        ) async throws -> [String] {
            var content: [String] = []
            try await TestDatabase.with { database in
                try await database.importPrompts(LandingScenario.prompts, candidates: true)
                for scorer in ["a", "b"] {
                    var spec = TestDatabase.spec(
                        scorer, draws: LandingScenario.draws, scorer: scorer)
                    spec.candidates = [.score, .logprobs]
                    _ = try await database.store.submit(spec)
                }
                let (store, term) = (database.store, try await database.store.lead(as: "test"))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (number, batch) in batches.enumerated() {
                        if number >= parallel { try await group.next() }
                        group.addTask { _ = try await store.land(batch, term: term) }
                    }
                    try await group.waitForAll()
                }
                for table in tables {
                    let rows = try await database.query(
                        "SELECT t::text AS row FROM ogive.\(table) t ORDER BY 1")
                    for row in rows { content.append("\(table) \(try row.decode(0) as String)") }
                }
                // Of two runs that bring the same text the first one pays for it.
                let spent: String = try await database.value(
                    """
                    SELECT (sum(draws), sum(policy_input), sum(policy_output), sum(scorer_input),
                        sum(scorer_output))::text FROM ogive.run_spending_rows
                    """)
                content.append("run_spending_rows \(spent)")
            }
            return content
        }
    }
}

/// Results as they may come, from a seed.
private struct LandingScenario {
    static let prompts = 4
    static let draws = 8
    private var random: SeededRandom

    init(seed: Int) {
        random = SeededRandom(seed: UInt64(seed))
    }

    /// Anything for one of the two runs: other texts of a draw, late outcomes, what is no number,
    /// draws and prompts that nobody asked for.
    mutating func arbitraryBatch(items: Int) -> LandingBatch {
        let run = RunID(Int64.random(in: 1...2, using: &random))
        return batch((0..<items).map { _ in (run, prompt(foreign: true), arbitrary()) })
    }

    /// What deterministic models give: each draw has one text and, in each run, one outcome. It
    /// comes in any order and more than once.
    mutating func repeatableBatch(items: Int) -> LandingBatch {
        batch(
            (0..<items).map { _ in
                let (run, prompt) = (RunID(.random(in: 1...2, using: &random)), prompt())
                return (run, prompt, repeatable(run, prompt))
            })
    }

    private func batch(_ results: [(RunID, PromptID, ItemResult)]) -> LandingBatch {
        LandingBatch(
            id: BatchID(1),
            groups: results.map { run, prompt, item in
                LandingGroup(run: run, prompt: prompt, worker: Made.worker, items: [item])
            })
    }

    private mutating func prompt(foreign: Bool = false) -> PromptID {
        PromptID(.random(in: 1...Int64(Self.prompts + (foreign ? 1 : 0)), using: &random))
    }

    private mutating func arbitrary() -> ItemResult {
        let index = Int32.random(in: 0..<Int32(Self.draws), using: &random)
        let text = ["x", "y", "a\0b", "e\u{301}", "\u{E9}"].randomElement(using: &random) ?? ""
        let reward = Double.random(in: -1...1, using: &random)
        let candidate = Int32.random(in: 0..<3, using: &random)
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return Made.draw(index, text, reward: nil)
        case 1: return Made.draw(index, text, reward: .nan)
        case 2: return Made.failure(.draw(index), .sampling)
        case 3:
            return Made.failure(.draw(index), .scoring, completion: Made.completion(text))
        case 4: return Made.failure(.draw(index), .scoring)
        case 5: return Made.reward(.draw(index - 1), reward)
        case 6: return Made.reward(.candidate(candidate), reward)
        case 7: return Made.failure(.candidate(candidate), .scoring)
        case 8: return Made.logProbability(candidate, reward, tokens: true)
        case 9: return Made.failure(.candidateLogProbability(candidate), .logProbability)
        default: return spending(Made.draw(index, text, reward: reward))
        }
    }

    private mutating func repeatable(_ run: RunID, _ prompt: PromptID) -> ItemResult {
        let index = Int32.random(in: 0..<Int32(Self.draws), using: &random)
        let kind = Int(prompt.rawValue) * 31 + Int(index) * 17
        let reward = Double(kind % 13) + Double(run.rawValue) / 10
        if kind % 5 == 4 {
            switch (Int(prompt.rawValue) + Int(index)) % 4 {
            case 0: return Made.logProbability(0, -1)
            case 1: return Made.failure(.candidateLogProbability(1), .logProbability)
            case 2: return Made.reward(.candidate(0), 0.5)
            default: return Made.failure(.candidate(1), .scoring)
            }
        }
        switch kind % 7 {
        case 0: return Made.failure(.draw(index), .sampling)
        case 1:
            return Made.failure(.draw(index), .scoring, completion: Made.completion("t\(kind)"))
        case 2: return Made.draw(index, "t\0\(kind)", reward: nil)
        default: return spending(Made.draw(index, "t\(kind)", reward: reward))
        }
    }

    private func spending(_ item: ItemResult) -> ItemResult {
        var item = item
        item.parts = [item.reward ?? 0, 1]
        item.scorerTokens = TokenCount(input: 5, output: 1)
        item.completion?.promptTokenCount = 7
        return item
    }
}
