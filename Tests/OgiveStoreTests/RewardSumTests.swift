import OgiveTesting
import Postgres
import Testing

@testable import OgiveStore

extension StoreTests {
    @Suite("the sum of rewards", .timeLimit(.minutes(10)))
    struct RewardSumTests {
        /// What PostgreSQL makes of the parts, and its own sum, as texts: their places count too.
        private static func sums(
            of rewards: [Double], _ connection: PostgresConnection
        ) async throws -> (ours: String, theirs: String) {
            let sum = RewardSum(rewards)
            let row = try await connection.query(
                """
                SELECT ((SELECT coalesce(sum(u.part::numeric), 0) FROM unnest($1::text[]) u(part))
                        + (SELECT coalesce(sum(u.reward::numeric), 0)
                            FROM unnest($2::float8[]) u(reward)))::text AS ours,
                    (SELECT coalesce(sum(u.reward::numeric), 0)
                        FROM unnest($3::float8[]) u(reward))::text AS theirs
                """,
                [.stringArray(sum.parts), .doubleArray(sum.others), .doubleArray(rewards)]
            ).one()
            return (try row.decode("ours"), try row.decode("theirs"))
        }

        @Test("is PostgreSQL's, to the last digit, whatever their magnitudes")
        func agrees() async throws {
            try await TestDatabase.with { database in
                let connection = try await PostgresConnection.connect(database.configuration)
                var random = SeededRandom(seed: 19)
                for round in 0..<300 {
                    let (least, most) = round.isMultiple(of: 3) ? (-140, 140) : (-9, 9)
                    let rewards = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                        Self.reward(least, most, &random)
                    }
                    let found = try await Self.sums(of: rewards, connection)
                    #expect(found.ours == found.theirs, "\(rewards)")
                }
                await connection.close()
            }
        }

        /// A number of some magnitude: any, or one of few digits, or a tie of two roundings.
        private static func reward(
            _ least: Int, _ most: Int, _ random: inout SeededRandom
        ) -> Double {
            let power = Double(Int.random(in: least...most, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return Double(Int.random(in: -1000...1000, using: &random)) / 8
            case 1: return Double(Int.random(in: -9...9, using: &random)) * scale(power)
            case 2:
                // Eighths beside 14 or 15 digits: halves of the last one are among them.
                let digits = Int.random(
                    in: 10_000_000_000_000...999_999_999_999_999, using: &random)
                return Double(digits) + Double(Int.random(in: 0..<8, using: &random)) / 8
            default: return Double.random(in: -10...10, using: &random) * scale(power)
            }
        }

        private static func scale(_ power: Double) -> Double {
            (0..<Int(power.magnitude)).reduce(1) { value, _ in power < 0 ? value / 10 : value * 10 }
        }

        @Test("adds numbers of few digits exactly, and does not overflow")
        func addsMany() async throws {
            let half = try #require(Decimal15(-0.5))
            #expect(half.digits == -5 && half.power == -1)
            let third = try #require(Decimal15(1 / 3))
            #expect(third.digits == 333_333_333_333_333 && third.power == -15)
            // 0.1 + 0.2 is 0.3 in decimals only.
            #expect(RewardSum([0.1, 0.2]).parts == ["3e-1", "0e0"])
            // Neither the least nor the greatest numbers fit, and both are kept.
            let extremes = [.leastNonzeroMagnitude, 1e140, -1e140, 1e-20] as [Double]
            #expect(RewardSum(extremes).others == extremes)
            let million = RewardSum(repeatElement(999.999999999999, count: 100_000))
            #expect(million.parts == ["99999999999999900000e-12", "0e0"])
        }
    }
}
