import OgiveCore
import OgiveStore
import OgiveTesting
import Testing

extension StoreTests {
    @Suite("conformance", .timeLimit(.minutes(10)))
    struct ConformanceTests {
        @Test("keeps what every store must keep")
        func conforms() async throws {
            try await TestDatabase.with { database in
                let run = try await database.run(prompts: 3, draws: 3)
                let suite = StoreConformance(store: database.store, run: run)
                #expect(try await suite.problems() == [])
            }
        }

        @Test("keeps what every store must keep of a spent budget")
        func keepsBegun() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(4)
                var spec = TestDatabase.spec(draws: 3)
                spec.budget = Budget(tokens: 1)
                let run = try await database.store.submit(spec).run
                let suite = BudgetConformance(store: database.store, run: run)
                #expect(try await suite.problems() == [])
            }
        }

        @Test("keeps what every store must keep of candidates")
        func keepsCandidates() async throws {
            try await TestDatabase.with { database in
                try await database.importPrompts(2, candidates: true)
                var runs: [RunDescription] = []
                for name in ["one", "other"] {
                    var spec = TestDatabase.spec(name, draws: 1, scorer: name)
                    spec.candidates = [.score, .logprobs]
                    spec.candidatesFirst = true
                    runs.append(try await database.store.submit(spec).run)
                }
                let suite = CandidateConformance(
                    store: database.store, run: runs[0], other: runs[1])
                #expect(try await suite.problems() == [])
            }
        }
    }
}
