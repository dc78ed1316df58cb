import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import QuantileRewards
import Testing

extension StoreTests {
    /// Quantile rewards beyond the one of QRPO's trainers.
    @Suite("estimators", .timeLimit(.minutes(10)))
    struct EstimatorTests {
        /// Rewards of n + 1 completions, of which any may be the one that is judged.
        private static let groups: [[Double]] = [
            [0, 1, 2, 3], [0, 0, 0, 1, 1], [1, 1, 1], [-2.5, -2.5, 0.25, 7, 7, 7, 7], [4],
        ]

        /// The ends of the interval in which a random quantile reward lies.
        private static func ends(
            _ database: TestDatabase, _ rewards: [Double], _ reward: Double, isOwn: Bool
        ) async throws -> (lower: Double, upper: Double) {
            let row = try await database.query(
                """
                SELECT ogive.random_quantile_reward($1, $2, 0, $3) AS lower,
                    ogive.random_quantile_reward($1, $2, 1, $3) AS upper
                """, [.doubleArray(rewards), .double(reward), .bool(isOwn)]
            ).one()
            return (try row.decode("lower"), try row.decode("upper"))
        }

        @Test("with ties at random are exactly uniform, however many rewards are equal")
        func areUniform() async throws {
            try await TestDatabase.with { database in
                for group in Self.groups {
                    for isOwn in [true, false] where isOwn || group.count > 1 {
                        var intervals: [(lower: Double, upper: Double)] = []
                        for place in group.indices {
                            var others = group
                            if !isOwn { others.remove(at: place) }
                            intervals.append(
                                try await Self.ends(
                                    database, others.sorted(), group[place], isOwn: isOwn))
                        }
                        // The mean of the densities of all that may be judged is 1 everywhere.
                        for step in 0..<(10 * group.count) {
                            let place = (Double(step) + 0.5) / Double(10 * group.count)
                            let density = intervals.reduce(0) { sum, ends in
                                let isIn = ends.lower <= place && place < ends.upper
                                return sum + (isIn ? 1 / (ends.upper - ends.lower) : 0)
                            }
                            #expect(
                                abs(density / Double(group.count) - 1) < 1e-9, "\(group) \(place)")
                        }
                    }
                }
            }
        }

        @Test("of a draw without itself are those of the table of the others")
        func leaveOneOut() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                for ties in TieRule.allCases {
                    let rows = try await database.query(
                        """
                        SELECT x.item_kind, x.reward, x.quantile_reward, t.rewards
                        FROM ogive.training_rows('run', 0.1, ties => $1, self => 'excluded') x
                        JOIN ogive.quantile_tables t USING (prompt_id)
                        """, [.string(ties.rawValue)])
                    for row in rows {
                        let reward: Double = try row.decode("reward")
                        var others: [Double] = try row.decode("rewards")
                        if try row.decode("item_kind", as: String.self) == "draw" {
                            others.remove(at: try #require(others.firstIndex(of: reward)))
                        }
                        let table = try #require(EmpiricalDistribution(others))
                        let wanted = table.quantileReward(of: reward, ties: ties)
                        #expect(
                            try TrainerRowsTests.isClose(row.decode("quantile_reward"), wanted))
                    }
                }
            }
        }

        @Test("without itself have the mean 1/2 where no rewards are equal, and with it more")
        func areUnbiased() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                for (choice, mean) in [("excluded", 0.5), ("counted", 7.0 / 12)] {
                    let found: Double = try await database.value(
                        """
                        SELECT avg(quantile_reward) FROM ogive.training_rows(
                            'run', 0.1, source => 'draws', self => $1) WHERE prompt_key = 'p2'
                        """, [.string(choice)])
                    // Counted, it is (n + 1)/2n of n draws.
                    #expect(TrainerRowsTests.isClose(found, mean), "\(choice): \(found)")
                }
            }
        }

        @Test("take coins that a seed decides, evenly spread, and others for another seed")
        func coins() async throws {
            try await TestDatabase.with { database in
                func coins(_ seed: Int64) async throws -> [Double] {
                    try await database.value(
                        """
                        SELECT array_agg(ogive.coin($1, 'item ' || n) ORDER BY n)
                        FROM generate_series(1, 4000) n
                        """, [.int64(seed)])
                }
                let first = try await coins(1)
                #expect(try await coins(1) == first)
                #expect(try await coins(2) != first)
                // Kolmogorov and Smirnov at 1 in 10 000, of numbers that never change.
                let sorted = first.sorted()
                let distance = sorted.enumerated().map { place, coin in
                    max(abs(coin - Double(place) / 4000), abs(coin - Double(place + 1) / 4000))
                }.max()
                #expect(try #require(distance) < 2.23 / 4000.0.squareRoot())
                #expect(sorted[0] >= 0 && sorted[3999] < 1)
            }
        }

        @Test("with ties at random are the same again for a seed")
        func areRepeatable() async throws {
            try await TestDatabase.with { database in
                _ = try await TrainerRowsTests.run(database)
                func rows(_ seed: Int64) async throws -> String {
                    try await database.value(
                        """
                        SELECT string_agg(x::text, '|' ORDER BY x::text)
                        FROM ogive.training_rows('run', 0.1, ties => 'random', seed => $1) x
                        """, [.int64(seed)])
                }
                let first = try await rows(7)
                #expect(try await rows(7) == first)
                #expect(try await rows(8) != first)
            }
        }
    }
}
