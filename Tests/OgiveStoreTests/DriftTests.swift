import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    /// Reference versions, and how far rewards moved from one to another.
    @Suite("reference versions", .timeLimit(.minutes(10)))
    struct DriftTests {
        /// Rewards of the prompts p0, p1, … in the first version and in the next one.
        private static let rewards: [(before: [Double], after: [Double])] = [
            ([1, 2, 3, 4, 5, 6, 7, 8], [11, 12, 13, 14, 15, 16, 17, 18]),
            ([0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1]),
            ([2, 2, 2, 2, 2, 2, 2, 2], [2, 2, 2, 2, 2, 2, 2, 2]),
        ]

        private static func next(_ name: String = "run-2", revision: String = "2") -> RunSpec {
            var spec = TestDatabase.spec(name, draws: 8)
            spec.scoring.sampling.policy.revision = revision
            return spec
        }

        private static let first = TestDatabase.spec(draws: 8).scoring.sampling.digest

        /// The run `run`, and `run-2` of the next version; both with rewards.
        private static func versions(_ database: TestDatabase) async throws {
            let run = try await database.run(prompts: 3, draws: 8)
            let term = try await database.store.lead(as: "test")
            let next = try await database.store.submit(Self.next(), parent: first).run
            let prompts = try await database.pending(run).map(\.prompt.id)
            for (prompt, rewards) in zip(prompts, Self.rewards) {
                for (run, rewards) in [(run, rewards.before), (next, rewards.after)] {
                    let items = rewards.enumerated().map { index, reward in
                        Made.draw(Int32(index), "\(index)", reward: reward)
                    }
                    _ = try await database.store.land(Made.batch(run, prompt, items), term: term)
                }
            }
        }

        private static func sorted(_ rewards: [Double]) -> PostgresValue {
            .doubleArray(rewards.sorted())
        }

        /// The share of all ways to deal the rewards out to two tables that are as far apart.
        private static func dealt(_ left: [Double], _ right: [Double]) -> Double {
            let pool = left + right
            func steps(_ mask: Int) -> Int {
                pool.map { bound in
                    var counts = (0, 0)
                    for (place, reward) in pool.enumerated() where reward <= bound {
                        if mask & (1 << place) != 0 { counts.0 += 1 } else { counts.1 += 1 }
                    }
                    return abs(counts.0 * right.count - counts.1 * left.count)
                }.max() ?? 0
            }
            let seen = steps((1 << left.count) - 1)
            let masks = (0..<(1 << pool.count)).filter { $0.nonzeroBitCount == left.count }
            return Double(masks.count { steps($0) >= seen }) / Double(masks.count)
        }

        @Test("have a distance whose p-value counts the ways to deal the rewards out")
        func pValue() async throws {
            try await TestDatabase.with { database in
                // By hand: of the ten ways to deal five rewards out, two are as far apart.
                let far: Double = try await database.value(
                    "SELECT ogive.ks_p_value('{1,2}', '{3,4,5}')")
                #expect(far == 0.2)
                for (left, right) in [
                    ([1.0, 2, 3, 4], [2.5, 3.5, 4.5, 5.5]), ([0, 1, 1], [0, 0, 0, 1, 1]),
                    ([0, 1, 2, 2], [2, 2, 3]), ([1, 5, 6], [2, 3, 4, 7, 8]), ([1], [2]),
                    ([0, 0, 1, 2, 3], [1, 1, 1, 2, 2]), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
                ] {
                    let value: Double = try await database.value(
                        "SELECT ogive.ks_p_value($1, $2)", [Self.sorted(left), Self.sorted(right)])
                    let wanted = Self.dealt(left, right)
                    #expect(abs(value - wanted) < 1e-14, "\(left) \(right): \(value) \(wanted)")
                }
            }
        }

        @Test("have a distance that is exact, symmetric and bounded")
        func distance() async throws {
            try await TestDatabase.with { database in
                for (left, right, distance) in [
                    ([1.0, 2], [3.0, 4, 5], 1.0), ([1, 2, 3], [1, 2, 3], 0),
                    ([0, 1], [1, 1], 0.5),
                    ([1, 2, 3, 4], [2.5], 0.5), ([1, 1, 1], [1], 0),
                ] {
                    for (left, right) in [(left, right), (right, left)] {
                        let value: Double = try await database.value(
                            "SELECT ogive.ks_distance($1, $2)",
                            [.doubleArray(left), .doubleArray(right)])
                        #expect(value == distance)
                    }
                }
                let none: Bool = try await database.value(
                    "SELECT ogive.ks_distance('{}', '{1}') IS NULL AND "
                        + "ogive.ks_p_value('{1}', '{}') IS NULL")
                #expect(none)
                // Probabilities too small for a float8 are 0, and no error.
                let tiny: Double = try await database.value(
                    """
                    SELECT max(ogive.ks_p_value(a, b)) FROM (
                        SELECT array_agg(x::float8 ORDER BY x) AS a,
                            array_agg(x + 5000.0::float8 ORDER BY x) AS b
                        FROM generate_series(1, 1000) x) s
                    """)
                #expect(tiny < 1e-280)
            }
        }

        @Test("are compared prompt by prompt, and all together")
        func drift() async throws {
            try await TestDatabase.with { database in
                try await Self.versions(database)
                let rows = try await database.query(
                    "SELECT * FROM ogive.drift('run', 'run-2', '{0.5}') ORDER BY prompt_id")
                let distances: [Double] = try rows.map { try $0.decode("ks_distance") }
                #expect(distances == [1, 0.125, 0])
                let shifts: [Double] = try rows.map { try $0.decode("mean_shift") }
                #expect(shifts == [10, -0.125, 0])
                let errors: [Double] = try rows.map { try $0.decode("mean_shift_standard_error") }
                // Each variance is 6; two means of eight.
                #expect(abs(errors[0] - (6.0 / 8 + 6.0 / 8).squareRoot()) < 1e-12)
                let quantiles: [[Double]] = try rows.map { try $0.decode("quantile_shifts") }
                #expect(quantiles == [[10], [-1], [0]])
                let values: [Double] = try rows.map { try $0.decode("ks_p_value") }
                // 2 of C(16, 8) ways.
                #expect(abs(values[0] - 2.0 / 12870) < 1e-15 && values[1] > 0.9 && values[2] == 1)

                let report = try await database.store.drift(
                    from: "run", to: "run-2", falseDiscoveryRate: 0.05, most: 2)
                #expect(report.prompts == 3 && report.complete == 3 && report.moved == 1)
                #expect(report.largestDistance == 1 && report.farthest.map(\.key) == ["p0", "p1"])
                #expect(report.distances.first == 0 && report.distances.last == 1)
                #expect(report.quantiles.map(\.p) == [0.1, 0.25, 0.5, 0.75, 0.9])
                #expect(abs((report.meanShift ?? 0) - 9.875 / 3) < 1e-12)
                // The way back is as long.
                let back = try await database.store.drift(
                    from: "run-2", to: "run", falseDiscoveryRate: 0.05, most: 0)
                #expect(back.meanDistance == report.meanDistance && back.farthest.isEmpty)
                // In SQL of the versions, for a reader.
                try await database.run(
                    "SELECT * FROM ogive.reference_drift WHERE run = 'run-2'", as: "ogive_reader")
                let count: Int64 = try await database.value(
                    "SELECT count(*) FROM ogive.reference_drift WHERE parent_run = 'run'")
                #expect(count == 3)
            }
        }

        @Test("count as moved no more than chance allows (Benjamini and Hochberg)")
        func falseDiscoveries() async throws {
            try await TestDatabase.with { database in
                // 1 of 3 moved with p = 2 / 12870, below 0.05 / 3.
                try await Self.versions(database)
                for (rate, moved) in [(0.05, 1), (0.0004, 0), (0.0005, 1), (0.999, 1)] {
                    let report = try await database.store.drift(
                        from: "run", to: "run-2", falseDiscoveryRate: rate, most: 0)
                    #expect(report.moved == moved, "\(rate)")
                }
            }
        }

        @Test("refuse runs that cannot be compared, with the reason")
        func refusals() async throws {
            try await TestDatabase.with { database in
                try await Self.versions(database)
                _ = try await database.store.submit(TestDatabase.spec("same", draws: 4))
                var other = TestDatabase.spec("other", draws: 8, policy: "p", scorer: "other")
                _ = try await database.store.submit(other)
                try await database.importPrompts(1, set: "set2")
                other = TestDatabase.spec("elsewhere", draws: 8, set: "set2")
                _ = try await database.store.submit(other)
                for (name, words) in [
                    ("same", "share their completions"), ("other", "different scorers"),
                    ("elsewhere", "different prompt sets"), ("none", "no run named 'none'"),
                ] {
                    let error = await #expect(throws: StoreError.self) {
                        _ = try await database.store.drift(
                            from: "run", to: name, falseDiscoveryRate: 0.05, most: 0)
                    }
                    #expect(
                        "\(try #require(error))".contains(words), "\(String(describing: error))")
                }
            }
        }

        @Test("know their parent, which stays what it was")
        func parents() async throws {
            try await TestDatabase.with { database in
                try await Self.versions(database)
                let store = database.store
                #expect(try await store.parent(ofRun: "run-2") == "run")
                let third = try await store.submit(
                    Self.next("run-3", revision: "3"), parent: Self.next().scoring.sampling.digest)
                #expect(third.samplingIsNew)
                // The same again, and with another parent: nothing changes.
                _ = try await store.submit(Self.next("run-3", revision: "3"), parent: Self.first)
                // What was there before does not become a child: no version is its own ancestor.
                _ = try await store.submit(
                    TestDatabase.spec(draws: 8),
                    parent: Self.next("run-3", revision: "3").scoring.sampling.digest)
                let versions = try await database.query(
                    """
                    SELECT run || ' ' || version || ' ' || coalesce(revision, '-') || ' '
                        || coalesce(parent_run, '-') AS text
                    FROM ogive.reference_versions ORDER BY run_id
                    """
                ).map { try $0.decode("text", as: String.self) }
                #expect(versions == ["run 1 - -", "run-2 2 2 run", "run-3 3 3 run-2"])
                let error = await #expect(throws: StoreError.self) {
                    try await store.parent(ofRun: "run")
                }
                #expect(error?.message.contains("first version") == true)
                await #expect(throws: PostgresError.self) {
                    try await database.run(
                        "UPDATE ogive.samplings SET parent_sha256 = NULL", as: "ogive_writer")
                }
            }
        }

        @Test("rehearse a version without keeping it")
        func rehearses() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 3, draws: 8)
                let plan = try await database.store.rehearse(Self.next(), parent: Self.first)
                #expect(plan.receipt.samplingIsNew && plan.status.pending == 24)
                let count: Int64 = try await database.value("SELECT count(*) FROM ogive.samplings")
                #expect(count == 1)
            }
        }
    }
}
