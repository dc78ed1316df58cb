import Foundation
import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import QuantileRewards
import Testing

extension StoreTests {
    @Suite("what trainers read", .timeLimit(.minutes(10)))
    struct TrainerRowsTests {
        /// Rewards by prompt: of its draws, and of its two candidates.
        static let draws: [[Double?]] = [
            [1, 2, 2, nil, 3, 0.5], [0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
            [-1.5, 0.25, 7, -0.75, 2, 0.125], [nil, nil, nil, nil, nil, nil],
        ]
        static let candidates: [[Double?]] = [[2, 2.5], [0.1, nil], [-9, 9], [nil, nil]]

        /// The table of a prompt.
        static func table(_ prompt: Int) -> EmpiricalDistribution? {
            EmpiricalDistribution(draws[prompt].compactMap(\.self))
        }

        /// A run with those rewards.
        static func run(_ database: TestDatabase) async throws -> [PromptID] {
            try await database.importPrompts(draws.count, candidates: true)
            var spec = TestDatabase.spec(draws: 6)
            spec.candidates = [.score, .logprobs]
            let run = try await database.store.submit(spec).run
            let term = try await database.store.lead(as: "test")
            let prompts = try await database.pending(run).map(\.prompt.id)
            for (number, prompt) in prompts.enumerated() {
                var items = draws[number].enumerated().map {
                    Made.draw(Int32($0.offset), "draw \($0.offset)", reward: $0.element)
                }
                for (index, reward) in candidates[number].enumerated() {
                    items.append(Made.logProbability(Int32(index), -3 - Double(index)))
                    if let reward { items.append(Made.reward(.candidate(Int32(index)), reward)) }
                }
                _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
            }
            return prompts
        }

        static func isClose(_ a: Double?, _ b: Double) -> Bool {
            a.map { abs($0 - b) <= 1e-12 * max(1, abs(b)) } ?? false
        }

        /// Arguments of training_rows.
        private struct Choice {
            var transform = RewardTransform.identity
            var ties = TieRule.right
            var partition = "exact"
            var meanSpread: Double?
        }

        @Test("training_rows agree with Swift for every transform, tie rule and partition function")
        func agreeWithSwift() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                for transform in RewardTransform.allCases {
                    for partition in ["exact", "simplified", "empirical"] {
                        for ties in TieRule.allCases {
                            for spread in transform == .scaledNormalICDF ? [nil, 1.7] : [nil] {
                                try await Self.check(
                                    database,
                                    Choice(
                                        transform: transform, ties: ties, partition: partition,
                                        meanSpread: spread))
                            }
                        }
                    }
                }
            }
        }

        @Test("training_rows divide beta by the tokens, and bound it, row by row")
        func effectiveBeta() async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                // Draws have 3 tokens and candidates 2.
                for (beta, isNormalized, most) in [
                    (0.3, false, nil), (0.3, true, nil), (0.3, true, 0.12), (0.3, false, 0.01),
                    (1e-4, true, nil),
                ] as [(Double, Bool, Double?)] {
                    let rows = try await database.query(
                        """
                        SELECT * FROM ogive.training_rows('run', $1, length_normalized => $2,
                            effective_beta_max => $3::float8)
                        """,
                        [.double(beta), .bool(isNormalized), .optional(most) { .double($0) }])
                    for row in rows {
                        let isDraw = try row.decode("item_kind", as: String.self) == "draw"
                        let tokens = isNormalized ? (isDraw ? 3.0 : 2.0) : 1
                        let wanted = min(beta / tokens, most ?? .infinity)
                        #expect(try Self.isClose(row.decode("effective_beta"), wanted))
                        // swiss-ai/posttraining: beta log beta + 1 + beta log1p(-exp(-1 / beta)).
                        let partition =
                            wanted * log(wanted) + 1 + wanted * log1p(-exp(-1 / wanted))
                        #expect(try Self.isClose(row.decode("beta_log_partition"), partition))
                        let q: Double = try row.decode("quantile_reward")
                        #expect(try Self.isClose(row.decode("target"), q - partition))
                    }
                }
                try await database.query("UPDATE ogive.completion_rows SET token_count = NULL")
                let known: Int64 = try await database.value(
                    """
                    SELECT count(target) FROM ogive.training_rows('run', 0.3, source => 'draws',
                        length_normalized => true, effective_beta_max => 0.1)
                    """)
                #expect(known == 0)
            }
        }

        private static func check(_ database: TestDatabase, _ choice: Choice) async throws {
            let beta = 0.3
            let rows = try await database.query(
                """
                SELECT * FROM ogive.training_rows('run', $1, $2, $3, 'all', $4, $5)
                ORDER BY prompt_id, item_kind DESC, item_index
                """,
                [
                    .double(beta), .string(choice.transform.rawValue),
                    .string(choice.ties.rawValue), .string(choice.partition),
                    choice.meanSpread.map(PostgresValue.double) ?? .null,
                ])
            let spreads = draws.indices.compactMap { table($0)?.standardDeviation }
            let meanSpread = choice.meanSpread ?? spreads.reduce(0, +) / Double(spreads.count)
            var expected: [(reward: Double, q: Double, logZ: Double, target: Double)] = []
            for prompt in draws.indices {
                guard let table = table(prompt) else { continue }
                let spread = try #require(table.standardDeviation) / meanSpread
                let transform = choice.transform
                let logZ =
                    switch (choice.partition, transform) {
                    case ("empirical", _):
                        PartitionFunction.empiricalLogZ(
                            of: table, beta: beta, transform: transform, spread: spread)
                    case ("simplified", .identity): PartitionFunction.simplifiedLogZ(beta: beta)
                    default:
                        PartitionFunction.logZ(beta: beta, transform: transform, spread: spread)
                    }
                for reward in (draws[prompt] + candidates[prompt]).compactMap(\.self) {
                    let q = table.quantileReward(of: reward, ties: choice.ties)
                    let value = transform.value(of: q, count: table.count, spread: spread)
                    expected.append((reward, q, logZ, value - beta * logZ))
                }
            }
            let found = Array(rows)
            try #require(found.count == expected.count)
            for (row, expected) in zip(found, expected) {
                #expect(try row.decode("reward") == expected.reward)
                #expect(try row.decode("quantile_reward") == expected.q)
                #expect(
                    try isClose(row.decode("log_z"), expected.logZ)
                        && isClose(row.decode("target"), expected.target), "\(choice)")
            }
        }

        @Test("training_rows say what they are about, and leave out what has no reward")
        func sayWhatTheyAre() async throws {
            try await TestDatabase.with { database in
                let prompts = try await Self.run(database)
                func lines(_ source: String, _ prompt: Int) async throws -> [String] {
                    try await database.query(
                        """
                        SELECT concat_ws(' ', prompt_key, prompt ->> 'text', item_kind, item_index,
                            label, completion, truncated, standard_error ^ 2 * n, n, complete,
                            degenerate, ref_log_probability, token_count) AS line
                        FROM ogive.training_rows('run', 1, source => $1)
                        WHERE prompt_id = ANY ($2) ORDER BY item_kind DESC, item_index
                        """, [.string(source), .int64Array([prompts[prompt].rawValue])]
                    ).map { try $0.decode("line") }
                }
                let candidates = ["p1 Question 1? candidate 0 chosen good 1 0 6 t t -3 2"]
                #expect(try await lines("candidates", 1) == candidates)
                let draws = (0..<6).map { "p1 Question 1? draw \($0) draw \($0) f 0 6 t t -1.5 3" }
                #expect(try await lines("draws", 1) == draws)
                #expect(try await lines("all", 1) == draws + candidates)
                #expect(try await lines("all", 3) == [])
                #expect(try await lines("draws", 0).count == 5)
                #expect(try await lines("candidates", 0).allSatisfy { $0.contains(" 5 f f -") })
            }
        }

        @Test(
            "a wrong name is an error that names the choices",
            arguments: [
                ("training_rows('runn', 1)", "no run named 'runn'", "run"),
                ("training_rows('run', 1, 'cube')", "transform", "scaled-normal-icdf"),
                ("training_rows('run', 1, ties => 'both')", "ties", "right, mid, left"),
                ("training_rows('run', 1, source => 'x')", "source", "all, draws, candidates"),
                ("training_rows('run', 1, partition_function => 'x')", "'x'", "exact, simplified"),
                ("training_rows('run', 0)", "beta must be more than 0", "not 0"),
                ("preference_pairs('run', 'random')", "strategy", "best-worst, first-two"),
                ("preference_pairs('runn')", "no run named 'runn'", "run"),
                ("preference_pairs('run', 'labels', 1)", "k must be", "not 1"),
                ("preference_pairs('run', 'labels', NULL)", "k must be", "not"),
                ("value_rows('runn')", "no run named 'runn'", "run"),
                ("prompt_features('runn')", "no run named 'runn'", "run"),
            ])
        func wrongNames(call: String, what: String, choices: String) async throws {
            try await TestDatabase.with { database in
                _ = try await Self.run(database)
                await #expect {
                    try await database.query("SELECT * FROM ogive.\(call)")
                } throws: {
                    ($0 as? PostgresError)?.sqlState == "22023"
                        && "\($0)".contains(what) && "\($0)".contains(choices)
                }
            }
        }

        @Test("a wrong choice is an error for a run without rewards too")
        func wrongNamesOfNothing() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 1, draws: 1)
                for call in ["training_rows('run', 1, 'x')", "preference_pairs('run', 'x')"] {
                    await #expect(throws: PostgresError.self) {
                        try await database.query("SELECT * FROM ogive.\(call)")
                    }
                }
            }
        }
    }
}
