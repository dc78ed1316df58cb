import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("pass rates", .timeLimit(.minutes(10)))
    struct PassRateTests {
        /// How many of six draws of the prompts p0, p1, … passed.
        private static let passed = [0, 1, 3, 6]

        static func run(_ database: TestDatabase, pass: Double = 1) async throws {
            let run = try await database.run(prompts: passed.count + 1, draws: 6)
            let term = try await database.store.lead(as: "test")
            // Nothing landed of the last prompt.
            for (prompt, count) in zip(try await database.pending(run), passed) {
                let items = (0..<6).map {
                    Made.draw(Int32($0), "\($0)", reward: $0 < count ? pass : 0)
                }
                _ = try await database.store.land(
                    Made.batch(run, prompt.prompt.id, items), term: term)
            }
        }

        @Test("pass@k is the share of the choices of k draws of which one passed")
        func passAt() async throws {
            try await TestDatabase.with { database in
                for n in 1...7 {
                    for passed in 0...n {
                        for k in 1...n {
                            let choices = (0..<(1 << n)).filter { $0.nonzeroBitCount == k }
                            // The first draws passed.
                            let wanted =
                                Double(choices.count { $0 & ((1 << passed) - 1) != 0 })
                                / Double(choices.count)
                            let value: Double = try await database.value(
                                "SELECT ogive.pass_at(\(k), \(passed), \(n))")
                            #expect(abs(value - wanted) < 1e-14, "\(k) \(passed) \(n)")
                        }
                    }
                }
                let none: Bool = try await database.value(
                    "SELECT ogive.pass_at(7, 3, 6) IS NULL AND ogive.pass_at(64, 1, 100000) > 0")
                #expect(none)
                await #expect(throws: PostgresError.self) {
                    try await database.query("SELECT ogive.pass_at(0, 1, 2)")
                }
            }
        }

        @Test("have intervals, pass@k, and choose prompts by a band")
        func rates() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database)
                var request = PassRateRequest(run: "run", k: [1, 3, 7])
                request.minRate = 0.1
                request.maxRate = 0.9
                let report = try await database.store.passRates(request)
                #expect(report.prompts == 4 && report.neverPassed == 1 && report.alwaysPassed == 1)
                #expect(report.chosen == 2)
                #expect(abs((report.meanRate ?? 0) - 10.0 / 24) < 1e-12)
                #expect(report.passAt.map(\.k) == [1, 3, 7])
                #expect(report.passAt[0].mean == report.meanRate)
                // 0; 1 − C(5,3)/C(6,3) = 1/2; 1 − 1/20; 1.
                #expect(abs((report.passAt[1].mean ?? 0) - (0.5 + 0.95 + 1) / 4) < 1e-12)
                #expect(report.passAt[2].prompts == 0 && report.passAt[2].mean == nil)
                #expect(report.rates.first == 0 && report.rates.last == 1)

                let page = try await database.store.passRatePrompts(request, limit: 1)
                #expect(page.prompts.map(\.key) == ["p1"])
                let rest = try await database.store.passRatePrompts(
                    request, after: page.next, limit: 5)
                #expect(rest.prompts.map(\.key) == ["p2"] && rest.next == nil)
                let prompt = rest.prompts[0]
                #expect(prompt.lower < 0.5 && prompt.upper > 0.5 && prompt.rate == 0.5)
                try await database.run("SELECT ogive.pass_rates('run')", as: "ogive_reader")
            }
        }

        @Test("refuse rewards that are neither 0 nor 1, unless one says what passes")
        func refusal() async throws {
            try await TestDatabase.with { database in
                try await Self.run(database, pass: 0.7)
                var request = PassRateRequest(run: "run", k: [1])
                let error = await #expect(throws: StoreError.self) {
                    _ = try await database.store.passRates(request)
                }
                #expect("\(try #require(error))".contains("0.7 is neither 0 nor 1"))
                request.passesFrom = 0.5
                #expect(try await database.store.passRates(request).alwaysPassed == 1)
                request.passesFrom = 0.8
                #expect(try await database.store.passRates(request).neverPassed == 4)
            }
        }
    }
}
