import OgiveCore
import OgiveTesting
import Testing

@Suite("The store in memory", .timeLimit(.minutes(10)))
struct MemoryStoreTests {
    @Test("keeps what every store must keep")
    func conforms() async throws {
        var database = MemoryDatabase()
        var run = SimulatedModel.run(draws: 3)
        run.spec.candidates = []
        database.add(SimulatedModel.prompts(3), to: "prompts")
        database.submit(run)
        let store = MemoryStore(database)
        #expect(try await StoreConformance(store: store, run: run).problems() == [])
    }

    @Test("keeps what every store must keep of a spent budget")
    func keepsBegun() async throws {
        var database = MemoryDatabase()
        var run = SimulatedModel.run(draws: 3)
        run.spec.candidates = []
        run.spec.budget = Budget(tokens: 1)
        database.add(SimulatedModel.prompts(4), to: "prompts")
        database.submit(run)
        let suite = BudgetConformance(store: MemoryStore(database), run: run)
        #expect(try await suite.problems() == [])
    }

    @Test("What was asked for before begins nothing when more is asked for")
    func askedForMore() throws {
        var database = MemoryDatabase()
        var run = SimulatedModel.run(draws: 2)
        run.spec.candidates = []
        database.add(SimulatedModel.prompts(2), to: "prompts")
        database.submit(run)
        let term = database.lead()
        for (prompt, draws) in [(Int64(1), Int32(2)), (2, 1)] {
            let items = (0..<draws).map { index in
                var item = ItemResult(name: .draw(index))
                item.failure = Failure(
                    stage: .sampling, code: .timeout, message: "too slow", attempts: 1)
                return item
            }
            let group = LandingGroup(
                run: run.id, prompt: PromptID(prompt), worker: WorkerID(high: 1 << 63, low: 1),
                items: items)
            _ = try database.land(LandingBatch(id: BatchID(1), groups: [group]), term: term)
        }
        run.spec.draws = 4
        database.submit(run)
        var limit = PageLimit(prompts: 10, items: 10)
        limit.onlyBegun = true
        let page = database.pendingPage(of: run, after: nil, limit: limit)
        #expect(page.prompts.map(\.prompt.id) == [PromptID(2)])
    }

    @Test("keeps what every store must keep of candidates")
    func keepsCandidates() async throws {
        var database = MemoryDatabase()
        var run = SimulatedModel.run(draws: 1)
        run.spec.candidates = [.score, .logprobs]
        run.spec.candidatesFirst = true
        var other = run
        other.id = RunID(2)
        other.scoring = ScoringID(2)
        let prompts = SimulatedModel.prompts(4).filter { !$0.candidates.isEmpty }
        database.add(prompts, to: "prompts")
        database.submit(run)
        database.submit(other)
        let suite = CandidateConformance(store: MemoryStore(database), run: run, other: other)
        #expect(try await suite.problems() == [])
    }

    @Test("keeps what every store must keep of runs that sample nothing")
    func conformsForRescoring() async throws {
        var database = MemoryDatabase()
        var run = SimulatedModel.run(draws: 3)
        run.spec.candidates = []
        var rescoring = run
        rescoring.id = RunID(2)
        rescoring.scoring = ScoringID(2)
        rescoring.spec.scoring.scorer.model = "other"
        rescoring.spec.samples = false
        database.add(SimulatedModel.prompts(3), to: "prompts")
        database.submit(run)
        database.submit(rescoring)
        let suite = RescoringConformance(
            store: MemoryStore(database), run: run, rescoring: rescoring)
        #expect(try await suite.problems() == [])
    }

    @Test(
        "keeps what every store must keep of adaptive runs",
        arguments: [
            AdaptiveDraws(min: 6, targetStandardError: 0.12), AdaptiveDraws(min: 4, mean: 12),
        ], [false, true])
    func conformsForAdaptive(adaptive: AdaptiveDraws, isReversed: Bool) async throws {
        var database = MemoryDatabase()
        var run = SimulatedModel.run(draws: 24)
        run.spec.adaptive = adaptive
        let prompts = SimulatedModel.prompts(7)
        database.add(prompts, to: "prompts")
        database.submit(run)
        let suite = AdaptiveConformance(
            store: MemoryStore(database), run: run, isReversed: isReversed)
        #expect(try await suite.problems(prompts: prompts.map(\.candidates.count)) == [])
    }

    @Test("A commit whose reply is lost happened all the same")
    func unnoticed() async throws {
        let store = MemoryStore(MemoryDatabase())
        store.setFate { _ in .happenUnnoticed }
        let error = await #expect(throws: StoreError.self) {
            _ = try await store.lead(as: "test")
        }
        #expect(error?.code == .unknownOutcome)
        #expect(store.database.term == Term(1))
    }
}
