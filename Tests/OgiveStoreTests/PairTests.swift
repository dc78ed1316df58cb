import OgiveCore
import OgiveStore
import Postgres
import QuantileRewards
import Testing

extension StoreTests {
    @Suite("preference pairs", .timeLimit(.minutes(10)))
    struct PairTests {
        /// Places in draws and then candidates, from 1.
        private struct Pair: Hashable {
            let chosen: Int
            let rejected: Int
        }

        private static func pairs(
            _ database: TestDatabase, _ strategy: String, _ draws: [Double],
            _ candidates: [Double] = [], k: Int32 = 6, pairs: Int32 = 1, salt: String = ""
        ) async throws -> [Pair] {
            let labels = candidates.indices.map { $0 == 0 ? "chosen" : "rejected" }
            return try await database.query(
                """
                SELECT chosen, rejected FROM ogive.choose_pairs($1, $2, $3, $4, $5, $6, $7)
                ORDER BY pair_index
                """,
                [
                    .string(strategy), .doubleArray(draws), .doubleArray(candidates),
                    .stringArray(labels), .int32(k), .int32(pairs), .string(salt),
                ]
            ).map { try Pair(chosen: $0.decode("chosen"), rejected: $0.decode("rejected")) }
        }

        /// The better of two places; the first one of equal rewards.
        private static func better(_ rewards: [Double], _ a: Int, _ b: Int) -> Pair {
            rewards[a - 1] >= rewards[b - 1]
                ? Pair(chosen: a, rejected: b) : Pair(chosen: b, rejected: a)
        }

        @Test("of draws are those of QRPO's code, ties included")
        func ofDraws() async throws {
            try await TestDatabase.with { database in
                for _ in 0..<15 {
                    let rewards = (0..<Int.random(in: 1...9)).map { _ in Double.random(in: 0...3) }
                        .map { $0.rounded() }
                    let first = Array(rewards.prefix(6))
                    let best = try #require(first.firstIndex { $0 == first.max() }) + 1
                    let worst = try #require(first.firstIndex { $0 == first.min() }) + 1
                    #expect(
                        try await Self.pairs(database, "best-worst", rewards)
                            == (best == worst ? [] : [Pair(chosen: best, rejected: worst)]),
                        "\(rewards)")
                    #expect(
                        try await Self.pairs(database, "first-two", rewards)
                            == (rewards.count < 2 ? [] : [Self.better(rewards, 2, 1)]),
                        "\(rewards)")
                    #expect(
                        try await Self.pairs(database, "consecutive", rewards, k: 5)
                            == stride(from: 1, to: min(5, rewards.count), by: 2).map {
                                Self.better(rewards, $0, $0 + 1)
                            }, "\(rewards)")
                }
            }
        }

        @Test("balanced ones are the best against the first of the worst, then half against half")
        func balanced() async throws {
            try await TestDatabase.with { database in
                for _ in 0..<15 {
                    let draws = (0..<Int.random(in: 2...9)).map { _ in
                        Double(Int.random(in: 0...6))
                    }
                    let candidates = (0..<Int.random(in: 0...3)).map { _ in
                        Double(Int.random(in: -1...7))
                    }
                    let wanted = (draws.count + candidates.count) / 2
                    let found = try await Self.pairs(
                        database, "balanced", draws, candidates, pairs: Int32(wanted))
                    try Self.check(found, of: draws, candidates, wanted: wanted)
                    let tooMany = try await Self.pairs(
                        database, "balanced", draws, candidates, pairs: Int32(wanted) + 1)
                    #expect(tooMany == [])
                }
            }
        }

        /// Holds pairs to what `select_chosen_rejected_pairs` of swiss-ai/posttraining does,
        /// whatever the order in which it shuffles.
        private static func check(
            _ found: [Pair], of draws: [Double], _ candidates: [Double], wanted: Int
        ) throws {
            let table = try #require(EmpiricalDistribution(draws))
            let quantiles = (draws + candidates).map { table.quantileReward(of: $0) }
            func quantile(_ place: Int) -> Double { quantiles[place - 1] }
            let comment = Comment(rawValue: "\(found) of \(draws), \(candidates)")
            try #require(found.count == wanted, comment)
            #expect(Set(found.flatMap { [$0.chosen, $0.rejected] }).count == 2 * wanted, comment)
            #expect(found.allSatisfy { quantile($0.chosen) >= quantile($0.rejected) }, comment)

            #expect(quantile(found[0].chosen) == quantiles.max(), comment)
            let others = quantiles.indices.filter { $0 + 1 != found[0].chosen }
                .map { quantiles[$0] }
            let limit = max(0.2, 1 / Double(draws.count))
            let against =
                others.filter { $0 <= limit }.max() ?? others.filter { $0 < 1 }.max() ?? 1
            #expect(
                quantile(found[0].rejected) == against
                    || against == 1 && quantile(found[0].rejected) >= 1, comment)

            let taken: Set = [found[0].chosen, found[0].rejected]
            let rest = (1...quantiles.count).filter { !taken.contains($0) }
            let upper = rest.filter { quantile($0) >= 0.5 }.count
            let across = min(wanted - 1, upper, rest.count - upper)
            for (number, pair) in found.dropFirst().enumerated() {
                let isAcross = quantile(pair.chosen) >= 0.5 && quantile(pair.rejected) < 0.5
                #expect(isAcross == (number < across), comment)
            }
        }

        @Test("balanced ones are the same for a salt, and others for others")
        func salted() async throws {
            try await TestDatabase.with { database in
                let draws = (1...10).map(Double.init)
                func pairs(_ salt: String) async throws -> [Pair] {
                    try await Self.pairs(database, "balanced", draws, pairs: 2, salt: salt)
                }
                var seconds: Set<Pair> = []
                for salt in (0..<60).map(String.init) {
                    let found = try await pairs(salt)
                    #expect(try await pairs(salt) == found)
                    #expect(found.first == Pair(chosen: 10, rejected: 2))
                    seconds.formUnion(found.dropFirst())
                }
                // 5 to 9 are the upper half, 1, 3 and 4 the lower one: each of them comes.
                #expect(Set(seconds.map(\.chosen)) == [5, 6, 7, 8, 9])
                #expect(Set(seconds.map(\.rejected)) == [1, 3, 4])
            }
        }

        @Test("of a run are its texts, rewards and log-probabilities")
        func ofRun() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                func lines(_ arguments: String) async throws -> [String] {
                    try await database.query(
                        """
                        SELECT concat_ws(' ', prompt_key, prompt ->> 'text', pair_index, chosen,
                            rejected, chosen_kind, chosen_index, rejected_kind, rejected_index,
                            chosen_reward, rejected_reward, reward_gap, chosen_quantile_reward,
                            rejected_quantile_reward, ref_chosen_log_probability,
                            ref_rejected_log_probability, n, rewards, draw_rewards) AS line
                        FROM ogive.preference_pairs('run', \(arguments))
                        ORDER BY prompt_id, pair_index
                        """
                    ).map { try $0.decode("line") }
                }
                #expect(
                    try await lines("'labels'") == [
                        "p0 Question 0? 0 good 0 bad 0 candidate 0 candidate 1 2 2.5 -0.5 0.8 0.8 "
                            + "-3 -4 5 {0.5,1,2,2,3} {1,2,2,3,0.5}",
                        "p2 Question 2? 0 good 2 bad 2 candidate 0 candidate 1 -9 9 -18 0 1 "
                            + "-3 -4 6 {-1.5,-0.75,0.125,0.25,2,7} {-1.5,0.25,7,-0.75,2,0.125}",
                    ])
                // Crosswise they are a second pair.
                try await database.query(
                    """
                    INSERT INTO ogive.candidate_pair_rows
                    SELECT prompt_id, 1, rejected_index, chosen_index
                    FROM ogive.candidate_pair_rows
                    """)
                let both = try await lines("'labels'")
                #expect(both.count == 4)
                #expect(both[1].hasPrefix("p0 Question 0? 1 bad 0 good 0 candidate 1 candidate 0"))
                // Draw 3 of the first prompt has no reward: places are not indexes.
                let best = try await lines("'best-worst'")
                #expect(best.count == 2)
                #expect(
                    best.first?.hasPrefix(
                        "p0 Question 0? 0 draw 4 draw 5 draw 4 draw 5 3 0.5 2.5 1 0.2 -1.5 -1.5 5 ")
                        == true)
                let seeded = "'balanced', pairs => 3, seed => "
                #expect(try await lines(seeded + "7") == lines(seeded + "7"))
                var orders: Set<[String]> = []
                for seed in 0..<8 { orders.insert(try await lines(seeded + "\(seed)")) }
                #expect(orders.count > 1 && orders.allSatisfy { $0.count == 9 })
            }
        }
    }
}
