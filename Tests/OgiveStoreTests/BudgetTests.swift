import OgiveCore
import OgiveStore
import OgiveTesting
import Postgres
import Testing

extension StoreTests {
    @Suite("budgets", .timeLimit(.minutes(10)))
    struct BudgetTests {
        private static func draw(_ index: Int32, prompt tokens: Int? = nil) -> ItemResult {
            var item = Made.draw(index, "text \(index)", reward: 1)
            item.completion?.promptTokenCount = tokens
            item.scorerTokens = TokenCount(input: 10, output: 1)
            return item
        }

        private static func spec(_ draws: Int, budget: Int) -> RunSpec {
            var spec = TestDatabase.spec(draws: draws)
            spec.prices = Prices(
                policy: TokenPrice(input: 100_000, output: 1_000_000),
                scorer: TokenPrice(input: 10_000, output: 0))
            spec.budget = Budget(tokens: budget)
            return spec
        }

        @Test("what lands is charged once, and a repeated batch nothing")
        func charges() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1)
                let run = try await database.store.submit(Self.spec(4, budget: 1_000)).run
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                // Each completion has three tokens.
                let batch = Made.batch(
                    run, prompt,
                    [
                        Self.draw(0, prompt: 20), Self.draw(1), Made.draw(2, "c", reward: 1),
                    ])
                let spent = Spending(
                    policy: TokenCount(input: 20, output: 9),
                    scorer: TokenCount(input: 20, output: 2))
                let receipt = try await database.store.land(batch, term: term)
                #expect(receipt.spent == [run.id: spent])
                #expect(try await database.store.land(batch, term: term).spent == [run.id: spent])
                #expect(try await database.store.openRuns().first?.spent == spent)
                let status = try #require(try await database.store.status(ofRun: "run").first)
                #expect(status.spending.tokens == 51)
                let cost = try #require(status.spending.cost)
                #expect(abs(cost - 11.2) < 1e-9)
                #expect(status.spending.estimatedTokens == 68)
                #expect(status.spending.budgetTokens == 1_000 && status.spending.budgetCost == nil)
            }
        }

        @Test("tokens of candidates are charged; a run without a budget is told nothing")
        func candidates() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1, candidates: true)
                let run = try await database.store.submit(TestDatabase.spec(draws: 1)).run
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                var item = Made.reward(.candidate(1), 0.5)
                item.scorerTokens = TokenCount(input: 7)
                let batch = Made.batch(run, prompt, [item])
                #expect(try await database.store.land(batch, term: term).spent.isEmpty)
                _ = try await database.store.land(batch, term: term)
                let status = try #require(try await database.store.status(ofRun: "run").first)
                #expect(status.spending.tokens == 7 && status.spending.cost == nil)
            }
        }

        @Test("tokens of candidates' log-probabilities are charged to the policy, once")
        func logProbabilities() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(1, candidates: true)
                var spec = TestDatabase.spec(draws: 1)
                spec.candidates = [.logprobs]
                spec.budget = Budget(tokens: 1_000)
                let run = try await database.store.submit(spec).run
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                var reported = Made.logProbability(0, -1)
                reported.policyTokens = TokenCount(input: 20, output: 1)
                var failed = Made.failure(.candidateLogProbability(1), .logProbability)
                failed.policyTokens = TokenCount(input: 4)
                let batch = Made.batch(run, prompt, [reported, failed])
                let spent = Spending(policy: TokenCount(input: 24, output: 1))
                #expect(try await database.store.land(batch, term: term).spent == [run.id: spent])
                #expect(try await database.store.land(batch, term: term).spent == [run.id: spent])
                let status = try #require(try await database.store.status(ofRun: "run").first)
                #expect(status.tokens == 0)
            }
        }

        @Test("a run whose budget is spent is stopped, stays so, and goes on when it is raised")
        func stops() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(2)
                let spec = Self.spec(1, budget: 14)
                let run = try await database.store.submit(spec).run
                let term = try await database.store.lead(as: "test")
                let pending = try await database.pending(run)
                #expect(try await database.store.finish(run.id, term: term) == .open)
                _ = try await database.store.land(
                    Made.batch(run, pending[0].prompt.id, [Self.draw(0)]), term: term)
                #expect(try await database.store.finish(run.id, term: term) == .outOfBudget)
                #expect(try await database.store.openRuns().isEmpty)
                var status = try #require(try await database.store.status(ofRun: "run").first)
                #expect(status.isOutOfBudget && status.isClosed)
                let report = try await database.store.audit(run: "run", listMax: 10)
                #expect(report.isSound && report.isOutOfBudget && report.missing.isEmpty)
                #expect(report.pending == 1 && report.partialPrompts == 0)
                let again = try await database.store.submit(spec)
                #expect(again.isOutOfBudget && !again.isFinished)
                let raised = try await database.store.submit(Self.spec(1, budget: 15))
                #expect(!raised.isOutOfBudget && raised.run.id == run.id)
                #expect(try await database.store.openRuns().map(\.id) == [run.id])
                _ = try await database.store.land(
                    Made.batch(run, pending[1].prompt.id, [Self.draw(0)]), term: term)
                #expect(try await database.store.finish(run.id, term: term) == .finished)
                status = try #require(try await database.store.status(ofRun: "run").first)
                #expect(status.state == "finished")
            }
        }

        @Test("prompts that have all draws that were asked for before are not begun")
        func askedForMore() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(3)
                let run = try await database.store.submit(Self.spec(2, budget: 1)).run
                let term = try await database.store.lead(as: "test")
                let prompts = try await database.pending(run).map(\.prompt.id)
                for (prompt, draws) in [(prompts[0], [0, 1]), (prompts[1], [1])] {
                    let items = draws.map { Self.draw(Int32($0)) }
                    _ = try await database.store.land(
                        Made.batch(run, prompt, items), term: term)
                }
                let more = try await database.store.submit(Self.spec(4, budget: 1)).run
                #expect(try await Self.begun(more, database) == [prompts[1]: [0, 2, 3]])
                let rest = [0, 2, 3].map { Self.draw(Int32($0)) }
                _ = try await database.store.land(
                    Made.batch(more, prompts[1], rest), term: term)
                #expect(try await Self.begun(more, database).isEmpty)
                #expect(try await database.store.finish(run.id, term: term) == .outOfBudget)
                // Of a third number, the second one is a former number too.
                let most = try await database.store.submit(Self.spec(5, budget: 1_000)).run
                #expect(try await Self.begun(most, database).isEmpty)
                #expect(try await database.pending(most).count == 3)
            }
        }

        @Test("a run that samples nothing completes what it has begun of what is stored")
        func rescoring() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 2, draws: 3)
                let term = try await database.store.lead(as: "test")
                let prompts = try await database.pending(run).map(\.prompt.id)
                for prompt in prompts {
                    _ = try await database.store.land(
                        Made.batch(run, prompt, [Self.draw(0), Self.draw(1)]), term: term)
                }
                var spec = TestDatabase.spec("again", draws: 3, scorer: "other")
                spec.samples = false
                spec.budget = Budget(tokens: 1)
                let again = try await database.store.submit(spec).run
                // What the first run has landed is no beginning of the second.
                #expect(try await Self.begun(again, database).isEmpty)
                var item = Made.reward(.draw(1), 2)
                item.scorerTokens = TokenCount(input: 1)
                _ = try await database.store.land(
                    Made.batch(again, prompts[1], [item]), term: term)
                #expect(try await Self.begun(again, database) == [prompts[1]: [0]])
                #expect(try await database.store.finish(again.id, term: term) == .open)
                _ = try await database.store.land(
                    Made.batch(again, prompts[1], [Made.reward(.draw(0), 2)]), term: term)
                #expect(try await Self.begun(again, database).isEmpty)
                #expect(try await database.store.finish(again.id, term: term) == .outOfBudget)
            }
        }

        /// The draws that are asked for of each begun prompt.
        private static func begun(
            _ run: RunDescription, _ database: TestDatabase
        ) async throws -> [PromptID: [Int32]] {
            var limit = PageLimit(prompts: 1, items: 100)
            limit.onlyBegun = true
            let pending = try await database.pending(run, limit: limit)
            return Dictionary(
                uniqueKeysWithValues: pending.map { ($0.prompt.id, $0.items.map(\.name.index)) })
        }

        @Test("an audit of a run at its budget counts prompts that have some of their draws")
        func partial() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(2)
                let run = try await database.store.submit(Self.spec(2, budget: 1)).run
                let term = try await database.store.lead(as: "test")
                let prompt = try #require(try await database.pending(run).first).prompt.id
                _ = try await database.store.land(
                    Made.batch(run, prompt, [Self.draw(0)]), term: term)
                var report = try await database.store.audit(run: "run", listMax: 10)
                #expect(!report.isSound)
                // It is not stopped like this, but may have been by an earlier version.
                #expect(try await database.store.finish(run.id, term: term) == .open)
                try await database.query("UPDATE ogive.runs SET state = 'budget'")
                report = try await database.store.audit(run: "run", listMax: 10)
                #expect(report.isSound && report.partialPrompts == 1)
            }
        }
    }
}
