import OgiveCore
import OgiveStore
import Postgres
import QuantileRewards
import Testing

extension StoreTests {
    @Suite("the functions", .timeLimit(.minutes(10)))
    struct FunctionTests {
        @Test("quantile_reward and quantile agree with Swift on random tables with ties")
        func agreeWithSwift() async throws {
            try await TestDatabase.with { database in
                for _ in 0..<20 {
                    let count = Int.random(in: 1...50)
                    let table = try #require(
                        EmpiricalDistribution(
                            (0..<count).map { _ in Double(Int.random(in: -4...4)) / 2 }))
                    let points = (-10...10).map { Double($0) / 4 }
                    let shares = (0...20).map { Double($0) / 20 }
                    let rows = try await database.query(
                        """
                        SELECT array_agg(ogive.quantile_reward($1, x) ORDER BY o) AS plain,
                            array_agg(ogive.quantile_reward($1, x, 'right') ORDER BY o) AS right,
                            array_agg(ogive.quantile_reward($1, x, 'mid') ORDER BY o) AS mid,
                            array_agg(ogive.quantile_reward($1, x, 'left') ORDER BY o) AS left,
                            (SELECT array_agg(ogive.quantile($1, p) ORDER BY n)
                                FROM unnest($3::float8[]) WITH ORDINALITY s(p, n)) AS quantiles
                        FROM unnest($2::float8[]) WITH ORDINALITY u(x, o)
                        """,
                        [
                            .doubleArray(table.rewards), .doubleArray(points),
                            .doubleArray(shares),
                        ])
                    let row = try rows.one()
                    for (name, ties) in [
                        ("plain", TieRule.right), ("right", .right), ("mid", .mid), ("left", .left),
                    ] {
                        let values: [Double] = try row.decode(name)
                        #expect(values == points.map { table.quantileReward(of: $0, ties: ties) })
                    }
                    let quantiles: [Double] = try row.decode("quantiles")
                    #expect(quantiles == shares.compactMap(table.quantile))
                }
            }
        }

        @Test("log_partition agrees with Swift for small and large β")
        func logPartitionAgrees() async throws {
            try await TestDatabase.with { database in
                for beta in [1e-300, 1e-3, 0.024, 0.026, 0.3, 1, 4.99, 5.01, 1e3, 1e160, 1e308] {
                    let value: Double = try await database.value(
                        "SELECT ogive.log_partition($1)", [.double(beta)])
                    let expected = PartitionFunction.logZ(beta: beta)
                    #expect(abs(value - expected) <= 1e-15 * expected * 4, "β \(beta): \(value)")
                }
            }
        }

        @Test(
            "answer NaN or NULL, or refuse, outside of their domain",
            arguments: [
                ("ogive.quantile_reward('{1,2}'::float8[], 'NaN')", "NaN"),
                ("ogive.quantile_reward('{1,2}'::float8[], 'Infinity')", "NaN"),
                ("ogive.quantile_reward('{1,2}'::float8[], 'NaN', 'mid')", "NaN"),
                ("ogive.quantile_reward('{}'::float8[], 1, 'left')", "NULL"),
                ("ogive.quantile_reward('{}'::float8[], 1)", "NULL"),
                ("ogive.quantile_reward(NULL::float8[], 1)", "NULL"),
                ("ogive.quantile('{}'::float8[], 0.5)", "NULL"),
                ("ogive.quantile('{1}'::float8[], 1.5)", "22023"),
                ("ogive.quantile('{1}'::float8[], 'NaN')", "22023"),
                ("ogive.quantile_reward('{1}'::float8[], 1, 'both')", "22023"),
                ("ogive.log_partition(0)", "22023"),
                ("ogive.log_partition('NaN')", "22023"),
                ("ogive.log_partition('Infinity')", "22023"),
                ("ogive.log_partition(1, 'cube')", "22023"),
                ("ogive.log_partition(1e-310)", "22003"),
            ])
        func outsideOfDomain(expression: String, expected: String) async throws {
            try await TestDatabase.with { database in
                do {
                    let text = try await database.query("SELECT (\(expression))::text AS x").one()
                        .decode("x", as: String?.self)
                    #expect((text ?? "NULL") == expected)
                } catch let error as PostgresError {
                    #expect(error.sqlState == expected, "\(error)")
                }
            }
        }
    }
}
