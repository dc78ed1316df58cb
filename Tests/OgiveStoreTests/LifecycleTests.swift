import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("cancelling and dropping runs", .timeLimit(.minutes(10)))
    struct LifecycleTests {
        /// Lands one draw with a reward of each pending prompt.
        private static func land(
            _ run: RunDescription, _ database: TestDatabase
        ) async throws -> Term {
            let term = try await database.store.lead(as: "test")
            for pending in try await database.pending(run) {
                _ = try await database.store.land(
                    Made.batch(run, pending.prompt.id, [Made.draw(0, "a", reward: 1)]), term: term)
            }
            return term
        }

        private static func tables(_ database: TestDatabase) async throws -> Int {
            try await database.value(
                """
                SELECT count(*) FROM pg_class
                WHERE relnamespace = 'ogive'::regnamespace AND relkind = 'r'
                    AND relname ~ '_rows_[0-9]+$'
                """)
        }

        @Test("cancel closes an open run, what landed stays, and submitted again it goes on")
        func cancels() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 2)
                let term = try await Self.land(run, database)
                let status = try await database.store.cancel(run: "run")
                #expect(status.state == "cancelled" && status.isClosed)
                #expect(status.landed == 2 && status.pending == 2)
                #expect(try await database.store.openRuns().isEmpty)
                // What is under way still lands.
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let late = Made.batch(run, prompt, [Made.draw(1, "late", reward: 2)])
                #expect(try await database.store.land(late, term: term).rewards == 1)
                #expect(try await database.store.finish(run.id, term: term) == .cancelled)
                #expect(try await database.store.status(ofRun: "run")[0].state == "cancelled")
                await #expect {
                    _ = try await database.store.cancel(run: "run")
                } throws: {
                    ($0 as? StoreError)?.message.contains("not open (cancelled)") == true
                }
                // What is pending is not missing.
                let report = try await database.store.audit(run: "run")
                #expect(report.isSound && report.isCancelled && report.missing.isEmpty)
                #expect(report.pending == 1 && report.landed == 3)
                let receipt = try await database.store.submit(TestDatabase.spec(draws: 2))
                #expect(!receipt.isFinished && receipt.run.id == run.id)
                #expect(try await database.store.openRuns().map(\.id) == [run.id])
                #expect(try await !database.store.audit(run: "run").isSound)
            }
        }

        @Test("drop removes all that no other run needs, after telling what that is")
        func drops() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 1, candidates: true)
                _ = try await Self.land(run, database)
                await #expect {
                    _ = try await database.store.drop(run: "run")
                } throws: {
                    ($0 as? StoreError)?.message.contains("ogive cancel run") == true
                }
                _ = try await database.store.cancel(run: "run")
                let before = try await Self.tables(database)
                let outline = try await database.store.drop(run: "run", isDryRun: true)
                #expect(outline.rewards == 2 && outline.completions == 2 && outline.bytes > 0)
                #expect(outline.promptSet == "set")
                #expect(try await Self.tables(database) == before && before == 1)
                #expect(try await database.store.drop(run: "run") == outline)
                #expect(try await Self.tables(database) == 0)
                for table in ["runs", "scorings", "samplings", "failure_rows", "run_spending_rows"]
                {
                    let count: Int = try await database.value("SELECT count(*) FROM ogive.\(table)")
                    #expect(count == 0, "\(table)")
                }
                await #expect(throws: StoreError.self) {
                    _ = try await database.store.drop(run: "run")
                }
                // The prompts are there: the same run begins anew.
                let again = try await database.store.submit(TestDatabase.spec(draws: 1))
                #expect(again.samplingIsNew && again.prompts == 2)
            }
        }

        @Test("drop leaves what other runs of the sampling or the scoring need, and audits agree")
        func keepsShared() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 4, name: "wide")
                for (name, scorer) in [("narrow", "scorer"), ("other", "second")] {
                    _ = try await database.store.submit(
                        TestDatabase.spec(name, draws: 1, scorer: scorer))
                }
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                let draws = (0..<4).map { Made.draw($0, "\($0)", reward: Double($0)) }
                _ = try await database.store.land(Made.batch(run, prompt, draws), term: term)
                _ = try await database.store.cancel(run: "wide")
                let dropped = try await database.store.drop(run: "wide")
                #expect(dropped.rewardsKeptBy == ["narrow"] && dropped.rewards == 0)
                #expect(dropped.completionsKeptBy == ["narrow", "other"] && dropped.bytes == 0)
                let report = try await database.store.audit(run: "narrow")
                #expect(report.isSound, "\(report.problems)")
                let status = try await database.store.status(ofRun: "narrow")[0]
                #expect(status.landed == 1 && status.sampled == 1 && status.pending == 0)
                _ = try await database.store.cancel(run: "other")
                let second = try await database.store.drop(run: "other")
                #expect(second.rewardsKeptBy == [] && second.completionsKeptBy == ["narrow"])
                #expect(second.rewards == 0 && second.bytes == 0)
                #expect(try await database.store.audit(run: "narrow").isSound)
            }
        }

        @Test("what no run names is listed with its size, and dropped by a command")
        func dropsOrphans() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 1)
                _ = try await Self.land(run, database)
                #expect(try await database.store.orphans().isEmpty)
                // The name goes to another scoring, then to another sampling.
                _ = try await database.store.submit(
                    TestDatabase.spec(draws: 1, scorer: "second"))
                #expect(try await database.store.orphans().map(\.isSampling) == [false])
                _ = try await database.store.submit(
                    TestDatabase.spec(draws: 1, policy: "other"))
                let orphans = try await database.store.orphans()
                #expect(orphans.map(\.isSampling) == [true, false, false])
                #expect(orphans.map(\.items) == [2, 2, 0])
                #expect(orphans[0].bytes > 0 && orphans[0].promptSet == "set")
                try await database.withTwoLogins { login, _ in
                    await #expect {
                        _ = try await login.store.dropOrphans()
                    } throws: {
                        ($0 as? StoreError)?.message.contains("members of ogive_owner") == true
                    }
                }
                #expect(try await database.store.dropOrphans(isDryRun: true) == orphans)
                #expect(try await database.store.orphans() == orphans)
                #expect(try await database.store.dropOrphans() == orphans)
                #expect(try await database.store.orphans().isEmpty)
                #expect(try await Self.tables(database) == 1)
                let rows: Int = try await database.value(
                    "SELECT count(*) FROM ogive.quantile_table_rows")
                #expect(rows == 0)
                #expect(try await database.store.status().map(\.run) == ["run"])
            }
        }

        @Test("a prompt set is dropped once no run and no sampling is on it")
        func dropsSets() async throws {
            try await TestDatabase.with { database in
                _ = try await database.run(prompts: 2, draws: 1, candidates: true)
                try await database.importPrompts(3, set: "other", candidates: true)
                func refusal(_ set: String) async -> String {
                    let error = await #expect(throws: StoreError.self) {
                        _ = try await database.store.drop(set: set)
                    }
                    return error?.message ?? ""
                }
                #expect(await refusal("set").contains("that of run \"run\""))
                #expect(await refusal("none").contains("there are \"other\", \"set\""))
                try await database.withTwoLogins { login, _ in
                    await #expect {
                        _ = try await login.store.drop(set: "other")
                    } throws: {
                        ($0 as? StoreError)?.message.contains("members of ogive_owner") == true
                    }
                }
                let outline = try await database.store.drop(set: "other", isDryRun: true)
                #expect(outline.prompts == 3 && outline.candidates == 6)
                #expect(try await database.store.drop(set: "other") == outline)
                #expect(await refusal("other").contains("There is no prompt set"))
                for (table, left) in [
                    ("prompt_sets", 1), ("prompt_rows", 2), ("candidate_rows", 4),
                    ("candidate_pair_rows", 2),
                ] {
                    let count: Int = try await database.value("SELECT count(*) FROM ogive.\(table)")
                    #expect(count == left, "\(table)")
                }
                // Prompts and their number begin anew.
                try await database.importPrompts(1, set: "other")
                // What a run left behind needs its prompts, too.
                _ = try await database.store.submit(TestDatabase.spec(draws: 1, set: "other"))
                #expect(await refusal("set").contains("`ogive drop --orphans`"))
                _ = try await database.store.dropOrphans()
                #expect(try await database.store.drop(set: "set").prompts == 2)
            }
        }

        @Test("drop refuses what a snapshot pins, and a login that does not own the data")
        func refuses() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 1, draws: 1)
                _ = try await Self.land(run, database)
                _ = try await database.store.cancel(run: "run")
                try await database.withTwoLogins { login, _ in
                    let outline = try await login.store.drop(run: "run", isDryRun: true)
                    #expect(outline.rewards == 1)
                    await #expect {
                        _ = try await login.store.drop(run: "run")
                    } throws: {
                        ($0 as? StoreError)?.message.contains("members of ogive_owner") == true
                    }
                }
                _ = try await database.store.makeSnapshot(
                    ofRun: "run", named: "v1", allowsPending: true, program: "1")
                for isDryRun in [true, false] {
                    await #expect {
                        _ = try await database.store.drop(run: "run", isDryRun: isDryRun)
                    } throws: {
                        ($0 as? StoreError)?.message.contains("snapshots (v1)") == true
                    }
                }
                #expect(try await database.store.table(ofRun: "run", prompt: .key("p0")).draws == 1)
            }
        }
    }
}
