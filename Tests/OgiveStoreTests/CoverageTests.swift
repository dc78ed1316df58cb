import Foundation
import OgiveCore
import OgiveModels
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    /// A smaller `Tests/Benchmarks/precision/coverage.py`: draws of the synthetic policy land in
    /// the database, SQL makes the intervals. One draw more than the tables have stands for a
    /// candidate, so that its true quantile reward is uniform (discrete: over the values it takes).
    @Suite("intervals cover as often as they say", .timeLimit(.minutes(10)))
    struct CoverageTests {
        static let prompts = 600
        static let draws = 32

        /// A declared law, its true distribution function, and the coverage that is exactly
        /// expected of 32 draws (coverage.py).
        struct Law: Sendable, CustomTestStringConvertible {
            let name: SyntheticSpec.Distribution
            let wilson: Double
            let jeffreys: Double
            let median: Double
            let medianCoverage: Double
            var testDescription: String { name.rawValue }

            var spec: SyntheticSpec {
                var spec = SyntheticSpec()
                spec.distribution = name
                if name == .discrete { spec.values = (0...10).map(Double.init) }
                return spec
            }

            func cdf(_ reward: Double) -> Double {
                switch name {
                case .normal: erfc(-reward / 2.0.squareRoot()) / 2
                case .exponential: reward > 0 ? -expm1(-reward) : 0
                case .discrete: min(max((reward.rounded(.down) + 1) / 11, 0), 1)
                }
            }

            /// Pr[reward' < reward].
            func below(_ reward: Double) -> Double {
                name == .discrete ? cdf(reward - 1) : cdf(reward)
            }
        }

        static let laws = [
            Law(
                name: .normal, wilson: 0.9523, jeffreys: 0.9505, median: 0,
                medianCoverage: 0.9799),
            Law(
                name: .exponential, wilson: 0.9523, jeffreys: 0.9505, median: 0.693_147_180_56,
                medianCoverage: 0.9799),
            Law(
                name: .discrete, wilson: 0.9600, jeffreys: 0.9505, median: 5,
                medianCoverage: 0.9955),
        ]

        /// What was seen of all prompts; a law other than the true one may be asked.
        struct Seen {
            var shares: [(name: String, covers: Int, expected: Double)] = []
            var inBand = 0
            var pooled: [Double] = []

            /// What is not as it should be: a share more than 4 binomial errors from what is
            /// expected of it, a band that covers less than its level, draws of another law.
            var problems: [String] {
                let count = Double(CoverageTests.prompts)
                var problems = shares.compactMap { share -> String? in
                    let seen = Double(share.covers) / count
                    let error = (share.expected * (1 - share.expected) / count).squareRoot()
                    return abs(seen - share.expected) > 4 * error
                        ? "\(share.name) covers \(seen), expected \(share.expected)" : nil
                }
                if Double(inBand) / count < 0.95 - 4 * (0.95 * 0.05 / count).squareRoot() {
                    problems.append("the band covers \(Double(inBand) / count)")
                }
                let sorted = pooled.sorted()
                let size = Double(sorted.count)
                var distance = 0.0
                for (place, share) in sorted.enumerated() {
                    let (under, above) = (Double(place) / size, Double(place + 1) / size)
                    distance = max(distance, above - share, share - under)
                }
                // Pr[√n D > 1.95] = 0.001 (Kolmogorov).
                if distance * size.squareRoot() > 1.95 {
                    problems.append("Kolmogorov and Smirnov's distance is \(distance)")
                }
                return problems
            }
        }

        @Test("of normal, exponential and discrete rewards", arguments: laws)
        func covers(law: Law) async throws {
            try await TestDatabase.with { database in
                try await Self.land(law, database)
                let truth = try await Self.look(law, as: law, database)
                #expect(truth.problems == [])
                // The same draws are not taken for those of another law.
                let other = Self.laws[law.name == .exponential ? 0 : 1]
                #expect(try await Self.look(law, as: other, database).problems.count > 3)
            }
        }

        private static func land(_ law: Law, _ database: TestDatabase) async throws {
            let run = try await database.run(prompts: prompts, draws: draws + 1)
            let term = try await database.store.lead(as: "test")
            let model = try SyntheticLaw(law.spec)
            let pending = try await database.pending(
                run, limit: PageLimit(prompts: prompts, items: 1_000_000))
            let groups = pending.map { prompt in
                let base = DrawSeed.base(
                    of: run.spec.scoring.sampling, promptKey: prompt.prompt.key)
                return LandingGroup(
                    run: run.id, prompt: prompt.prompt.id, worker: Made.worker,
                    items: prompt.items.map { item in
                        let reward = model.reward(seed: base + UInt64(item.name.index))
                        return Made.draw(item.name.index, "\(reward)", reward: reward)
                    })
            }
            for start in stride(from: 0, to: groups.count, by: 100) {
                let part = Array(groups[start..<min(start + 100, groups.count)])
                _ = try await database.store.land(
                    LandingBatch(id: BatchID(UInt64(start + 1)), groups: part), term: term)
            }
        }

        private static func look(
            _ law: Law, as truth: Law, _ database: TestDatabase
        ) async throws -> Seen {
            let rows = try await database.query(
                """
                SELECT f.rewards, c.reward, w.lower AS wilson_lower, w.upper AS wilson_upper,
                    j.lower AS jeffreys_lower, j.upper AS jeffreys_upper, m.lower, m.upper,
                    ogive.band_half_width($1) AS half
                FROM ogive.quantile_tables t
                CROSS JOIN LATERAL (SELECT ogive.first_rewards(
                    t.draw_indexes, t.draw_rewards, $1::integer) AS rewards) f
                CROSS JOIN LATERAL (SELECT ogive.reward_of_draw(
                    t.draw_indexes, t.draw_rewards, $1::integer) AS reward) c
                CROSS JOIN LATERAL
                    ogive.quantile_reward_interval(f.rewards, c.reward, 0.95, 'wilson') w
                CROSS JOIN LATERAL
                    ogive.quantile_reward_interval(f.rewards, c.reward, 0.95, 'jeffreys') j
                CROSS JOIN LATERAL ogive.quantile_interval(f.rewards, 0.5, 0.95) m
                ORDER BY t.prompt_id
                """, [.int64(Int64(draws))])
            var seen = Seen()
            var covers = [0, 0, 0]
            var dice = SplitMix64(seed: 20)
            for row in rows {
                let rewards: [Double] = try row.decode("rewards")
                #expect(rewards.count == draws)
                let share = truth.cdf(try row.decode("reward"))
                for (place, name) in ["wilson_", "jeffreys_"].enumerated()
                where try row.decode(name + "lower", as: Double.self) - 1e-12 <= share
                    && row.decode(name + "upper", as: Double.self) + 1e-12 >= share
                {
                    covers[place] += 1
                }
                if try row.decode("lower", as: Double.self) <= truth.median,
                    try row.decode("upper", as: Double.self) >= truth.median
                {
                    covers[2] += 1
                }
                let half: Double = try row.decode("half")
                if rewards.allSatisfy({ reward in
                    // Ties: the step at a reward is seen at its last and first place.
                    let above = Double(rewards.count { $0 <= reward }) / Double(draws)
                    let under = Double(rewards.count { $0 < reward }) / Double(draws)
                    return abs(above - truth.cdf(reward)) <= half
                        && abs(under - truth.below(reward)) <= half
                }) {
                    seen.inBand += 1
                }
                seen.pooled += rewards.map { reward in
                    truth.below(reward)
                        + dice.uniform() * (truth.cdf(reward) - truth.below(reward))
                }
            }
            seen.shares = [
                ("Wilson's interval", covers[0], truth.wilson),
                ("Jeffreys' interval", covers[1], truth.jeffreys),
                ("the median's interval", covers[2], truth.medianCoverage),
            ]
            return seen
        }
    }
}
