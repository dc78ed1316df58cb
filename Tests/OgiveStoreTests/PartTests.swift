import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("parts of rewards", .timeLimit(.minutes(10)))
    struct PartTests {
        /// A run of one prompt and two draws, with candidates, scored by 2·a − b.
        private static func run(_ database: TestDatabase) async throws -> RunDescription {
            try await database.importPrompts(1, candidates: true)
            var spec = TestDatabase.spec(draws: 2)
            let parts = [
                PartSpec(name: "a", weight: 2, scorer: ScorerSpec(kind: .rerank, model: "a")),
                PartSpec(name: "b", weight: -1, scorer: ScorerSpec(kind: .rerank, model: "b")),
            ]
            spec.scoring.scorer = ScorerSpec(kind: .weighted(parts), model: "sum")
            return try await database.store.submit(spec).run
        }

        private static func item(
            _ name: ItemName, _ text: String?, _ parts: [Double], reward: Double? = nil
        ) -> ItemResult {
            var item = ItemResult(name: name)
            item.completion = text.map { Made.completion($0) }
            item.parts = parts
            item.reward = reward ?? (parts.isEmpty ? 1 : 2 * parts[0] - parts[1])
            return item
        }

        private static func land(
            _ items: [ItemResult], _ run: RunDescription, _ database: TestDatabase
        ) async throws {
            let term = try await database.store.lead(as: "test")
            let prompt: Int64 = try await database.value("SELECT id FROM ogive.prompt_rows")
            _ = try await database.store.land(
                Made.batch(run, PromptID(prompt), items), term: term)
        }

        private static let whole = [
            item(.draw(0), "x", [1, 0.5]), item(.draw(1), "y", [3, 0.25]),
            item(.candidate(0), nil, [0.1, 0.2]), item(.candidate(1), nil, [0, -1]),
        ]

        @Test("land with their reward, are named by the view, and sum to it")
        func land() async throws {
            try await TestDatabase.with { database in
                let run = try await Self.run(database)
                // What comes for an item again changes neither reward nor parts.
                let again = [
                    Self.item(.draw(0), "x", [7, 7]), Self.item(.candidate(0), nil, [7, 7]),
                ]
                try await Self.land(Self.whole + again, run, database)
                try await Self.land(again, run, database)
                let rows = try await database.query(
                    """
                    SELECT item_kind || item_index || part AS name, weight, reward
                    FROM ogive.reward_parts ORDER BY item_kind DESC, item_index, part_index
                    """)
                #expect(
                    try rows.map { try $0.decode("name", as: String.self) } == [
                        "draw0a", "draw0b", "draw1a", "draw1b", "candidate0a", "candidate0b",
                        "candidate1a", "candidate1b",
                    ])
                #expect(
                    try rows.map { try $0.decode("reward", as: Double.self) } == [
                        1, 0.5, 3, 0.25, 0.1, 0.2, 0, -1,
                    ])
                #expect(try rows[1].decode("weight", as: Double.self) == -1)
                let report = try await database.store.audit(run: "run")
                #expect(report.isSound, "\(report.problems)")
                _ = try await database.store.cancel(run: "run")
                _ = try await database.store.drop(run: "run")
                #expect(
                    try await database.value("SELECT count(*) FROM ogive.reward_parts") == 0)
            }
        }

        static let damages: [(items: [ItemResult], problem: String)] = [
            ([item(.draw(0), "x", [])], "draw 0 has a reward without its parts"),
            ([item(.candidate(1), nil, [])], "candidate 1 has a reward without its parts"),
            ([item(.draw(0), "x", [1, 2, 3])], "draw 0 has 3 parts instead of 2"),
            (
                [item(.draw(0), "x", [1, 2], reward: 0.5)],
                "draw 0 has a reward that is not the weighted sum of its parts"
            ),
        ]

        @Test("that lack or do not sum to the reward make the audit fail", arguments: damages)
        func unsound(_ sample: (items: [ItemResult], problem: String)) async throws {
            try await TestDatabase.with { database in
                let run = try await Self.run(database)
                try await Self.land(sample.items, run, database)
                let report = try await database.store.audit(run: "run")
                #expect(report.problems.count == 1)
                #expect(report.problems.first?.hasSuffix(sample.problem) == true)
            }
        }

        @Test("of a scorer that has none, and without a reward, make the audit fail")
        func ofAnotherScorer() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                try await Self.land([Self.item(.draw(0), "x", [1, 2])], run, database)
                try await database.query(
                    """
                    INSERT INTO ogive.reward_part_rows
                    SELECT scoring_id, prompt_id, 5, 'draw', parts FROM ogive.reward_part_rows
                    """)
                let report = try await database.store.audit(run: "run")
                #expect(
                    report.problems.map { $0.split(separator: ": ").last } == [
                        "draw 0 has 2 parts instead of 0", "draw 5 has parts without a reward",
                    ])
            }
        }
    }
}
