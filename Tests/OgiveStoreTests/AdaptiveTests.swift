import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("adaptive runs", .timeLimit(.minutes(10)))
    struct AdaptiveTests {
        static let precision = AdaptiveDraws(min: 6, targetStandardError: 0.12)
        static let allocation = AdaptiveDraws(min: 4, mean: 12)
        /// Prompts with two candidates each.
        static let prompts = Array(repeating: 2, count: 6)

        static func spec(
            _ adaptive: AdaptiveDraws?, _ name: String = "run", most: Int = 24,
            scorer: String = "scorer"
        ) -> RunSpec {
            var spec = TestDatabase.spec(name, draws: most, scorer: scorer)
            spec.adaptive = adaptive
            return spec
        }

        static func serve(
            _ run: RunDescription, _ database: TestDatabase, isReversed: Bool = false
        ) async throws {
            let suite = AdaptiveConformance(
                store: database.store, run: run, isReversed: isReversed)
            #expect(try await suite.problems(prompts: prompts) == [])
        }

        static func targets(_ name: String, _ database: TestDatabase) async throws -> [Int] {
            try await database.query(
                "SELECT draws FROM ogive.prompt_targets WHERE run = $1 ORDER BY prompt_id",
                [.string(name)]
            ).map { try $0.decode(0, as: Int.self) }
        }

        @Test(
            "ask for the draws that the rewards of their own draws ask for, in any order",
            arguments: [precision, allocation], [false, true])
        func conforms(adaptive: AdaptiveDraws, isReversed: Bool) async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(Self.prompts.count, candidates: true)
                let spec = Self.spec(adaptive)
                let run = try await database.store.submit(spec).run
                try await Self.serve(run, database, isReversed: isReversed)
                let expected = AdaptiveConformance.targets(Self.prompts, spec)
                #expect(try await Self.targets("run", database) == expected)
                #expect(Set(expected).count > 2 && expected.contains(adaptive.min))
                if let mean = adaptive.mean {
                    #expect(Double(expected.reduce(0, +)) == mean * Double(expected.count))
                }
                let status = try await database.store.status(ofRun: "run")[0]
                #expect(status.state == "finished" && status.pending == 0)
                #expect(status.draws == 24 && status.minDraws == adaptive.min)
                #expect(status.targetDraws == expected.reduce(0, +))
                #expect(status.landed + status.failures == status.targetDraws)
                let report = try await database.store.audit(run: "run")
                #expect(report.isSound, "\(report)")
                #expect(report.landed + report.failed == report.targetDraws)
            }
        }

        @Test("SQL says how precise each prompt is, and which draws are an unbiased subset")
        func showsPrecision() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(Self.prompts.count, candidates: true)
                try await Self.serve(
                    try await database.store.submit(Self.spec(Self.precision)).run, database)
                let rows = try await database.query(
                    """
                    SELECT p.draws, p.min_draws, p.max_draws, p.n, p.standard_error, t.n AS rows,
                        t.draws AS asked, f.first, p.raises
                    FROM ogive.prompt_targets p
                    LEFT JOIN ogive.quantile_tables t USING (run_id, prompt_id)
                    CROSS JOIN LATERAL (SELECT ogive.first_rewards(
                        t.draw_indexes, t.draw_rewards, p.min_draws) AS first) f
                    WHERE p.run = 'run' ORDER BY p.prompt_id
                    """)
                for (place, row) in rows.enumerated() {
                    let draws: Int = try row.decode("draws")
                    #expect(try row.decode("raises", as: Int.self) > 0 || draws == 6)
                    #expect(try row.decode("min_draws", as: Int.self) == 6)
                    #expect(try row.decode("max_draws", as: Int.self) == 24)
                    guard place != 2 else {
                        // Nothing of it can be scored: there is nothing to go by.
                        #expect(draws == 6)
                        #expect(try row.decode("n", as: Int.self) == 0)
                        #expect(try row.decode("standard_error", as: Double?.self) == nil)
                        continue
                    }
                    #expect(try row.decode("asked", as: Int.self) == draws)
                    #expect(try row.decode("n", as: Int.self) == row.decode("rows"))
                    let error: Double = try row.decode("standard_error")
                    #expect(error <= 0.12 || draws == 24)
                    let first: [Double] = try row.decode("first")
                    #expect(
                        first
                            == (0..<6).compactMap {
                                AdaptiveConformance.reward(ofDraw: $0, at: place)
                            }.sorted())
                }
            }
        }

        @Test("a decision that is lost is found again, and more draws of others change none")
        func isRepeatable() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(Self.prompts.count, candidates: true)
                let spec = Self.spec(Self.precision)
                try await Self.serve(try await database.store.submit(spec).run, database)
                let expected = try await Self.targets("run", database)
                try await database.query("DELETE FROM ogive.prompt_target_rows")
                try await database.query("UPDATE ogive.runs SET raised_draws = 0")
                let again = try await database.store.submit(spec)
                #expect(again.isFinished)
                #expect(try await Self.targets("run", database) == expected)

                // A run of the same scoring with more draws for all, and then one more like ours.
                let fixed = try await database.store.submit(Self.spec(nil, "fixed", most: 24)).run
                let term = try await database.store.lead(as: "test")
                for (place, prompt) in try await database.pending(fixed).enumerated() {
                    let items = prompt.items.map { item in
                        Made.draw(item.name.index, "draw \(item.name.index)", reward: 1)
                    }
                    _ = try await database.store.land(
                        Made.batch(fixed, prompt.prompt.id, items), term: term)
                    // In between, each run knows what of it is pending.
                    guard place == 0 else { continue }
                    let status = try await database.store.status(ofRun: "run")[0]
                    #expect(status.landed + status.failures == expected.reduce(0, +))
                    let others = try await database.store.status(ofRun: "fixed")[0]
                    #expect(others.targetDraws == 144 && others.pending > 0)
                    #expect(others.landed + others.failures + others.pending == 144)
                }
                #expect(try await database.store.finish(fixed.id, term: term) == .finished)
                let other = try await database.store.submit(Self.spec(Self.precision, "other"))
                #expect(other.isFinished)
                #expect(try await Self.targets("other", database) == expected)
                for name in ["run", "fixed", "other"] {
                    let report = try await database.store.audit(run: name)
                    #expect(report.isSound, "\(name): \(report)")
                }
                // Draws that no run asked for are told.
                try await database.query(
                    "DELETE FROM ogive.runs WHERE name IN ('fixed', 'other')")
                let report = try await database.store.audit(run: "run")
                #expect(report.problems.contains { $0.contains("was not asked for") })
            }
        }

        @Test("a tighter target asks for the deficit; a smaller min or max is refused")
        func topsUp() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(Self.prompts.count, candidates: true)
                try await Self.serve(
                    try await database.store.submit(Self.spec(Self.precision)).run, database)
                let before = try await Self.targets("run", database)
                let tighter = AdaptiveDraws(min: 6, targetStandardError: 0.08)
                let receipt = try await database.store.submit(Self.spec(tighter, most: 48))
                #expect(!receipt.isFinished)
                let after = try await Self.targets("run", database)
                #expect(zip(before, after).allSatisfy(<=) && before != after)
                let pending = try await database.pending(receipt.run)
                #expect(
                    pending.reduce(0) { $0 + $1.items.count }
                        == zip(before, after).reduce(0) { $0 + $1.1 - $1.0 })
                for refused in [
                    Self.spec(AdaptiveDraws(min: 5, targetStandardError: 0.08), most: 48),
                    Self.spec(tighter, most: 47),
                ] {
                    await #expect { try await database.store.submit(refused) } throws: {
                        ($0 as? StoreError)?.message.contains("never thrown away") == true
                    }
                }
                let fixed = try await database.store.submit(Self.spec(nil, most: 48))
                #expect(fixed.outcome == .resumed && !fixed.isFinished)
                #expect(try await Set(Self.targets("run", database)) == [48])
                var status = try await database.store.status(ofRun: "run")[0]
                #expect(status.targetDraws == 48 * 6 && status.minDraws == nil)
                await #expect(throws: StoreError.self) {
                    try await database.store.submit(Self.spec(tighter, most: 48))
                }
                _ = try await database.store.submit(
                    Self.spec(AdaptiveDraws(min: 48, targetStandardError: 0.01), most: 64))
                status = try await database.store.status(ofRun: "run")[0]
                #expect(status.targetDraws == 48 * 6 && status.minDraws == 48)
            }
        }

        @Test("a spent budget stops the run between two looks; a larger one lets it go on")
        func stopsAtBudget() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(Self.prompts.count, candidates: true)
                var spec = Self.spec(Self.precision)
                spec.budget = Budget(tokens: 6)
                let run = try await database.store.submit(spec).run
                let term = try await database.store.lead(as: "test")
                for prompt in try await database.pending(run) {
                    let items = prompt.items.map { item in
                        item.name.kind == .candidate
                            ? Made.reward(item.name, 3)
                            : Made.draw(item.name.index, "text", reward: Double(item.name.index))
                    }
                    _ = try await database.store.land(
                        Made.batch(run, prompt.prompt.id, items), term: term)
                }
                #expect(try await database.store.finish(run.id, term: term) == .outOfBudget)
                let status = try await database.store.status(ofRun: "run")[0]
                #expect(status.isOutOfBudget && status.pending > 0 && status.landed == 36)
                let report = try await database.store.audit(run: "run")
                #expect(report.isSound && report.pending == status.pending)
                spec.budget = nil
                #expect(try await !database.store.submit(spec).isFinished)
            }
        }
    }
}
