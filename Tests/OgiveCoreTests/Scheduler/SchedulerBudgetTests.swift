import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: budgets", .timeLimit(.minutes(10)))
struct SchedulerBudgetTests {
    typealias Bench = SchedulerBench

    static func run(tokens: Int, draws: Int = 4, spent: Int = 0) -> RunDescription {
        var run = Bench.boundRun(draws: draws)
        run.spec.budget = Budget(tokens: tokens)
        run.spent.policy.output = spent
        return run
    }

    static func receipt(spent: Int) -> LandingReceipt {
        var receipt = Bench.receipt
        receipt.spent = [RunID(1): Spending(policy: TokenCount(output: spent))]
        return receipt
    }

    /// Three prompts of two tasks each, and a worker that takes one task at a time.
    static func bench(tokens: Int) throws -> (SchedulerBench, Lease) {
        var bench = SchedulerBench()
        bench.handle(.runs([run(tokens: tokens)]))
        bench.page(Bench.pending(1...3, draws: 4))
        let lease = try #require(bench.hello(credit: 1).leases.first)
        return (bench, lease)
    }

    /// A new coordinator, which finds the budget spent, and a worker.
    static func restarted(
        _ change: (inout RunDescription) -> Void = { _ in }
    ) -> (SchedulerBench, [Scheduler.Effect]) {
        var bench = SchedulerBench(term: 6)
        bench.hello(credit: 4)
        var run = Self.run(tokens: 10, spent: 11)
        change(&run)
        let effects = bench.handle(.runs([run]))
        return (bench, effects)
    }

    /// The last two of the four draws of a prompt.
    static func half(of prompt: Int = 2, text: String? = nil) -> [PendingPrompt] {
        Bench.pending(prompt...prompt, draws: 4).map { pending in
            var half = pending
            half.items = half.items.suffix(2).map { WorkItem(name: $0.name, text: text) }
            return half
        }
    }

    @Test("A spent budget begins no further prompt, and finishes the one that was begun")
    func finishesBegun() throws {
        var (bench, first) = try Self.bench(tokens: 10)
        var effects = bench.say(Bench.result(first))
        let second = try #require(effects.leases.first)
        #expect(second.prompt.id == first.prompt.id)
        var batch = try #require(effects.batches.first)
        effects = bench.handle(.landed(batch.id, Self.receipt(spent: 10)))
        #expect(bench.scheduler.load.activeItems == 2)
        #expect(effects.onlyBegun == [true])
        // The one in memory is not taken a second time.
        #expect(bench.page(Self.half(of: 1)).leases.isEmpty)
        #expect(bench.scheduler.load.activeItems == 2)
        effects = bench.say(Bench.result(second))
        #expect(effects.leases.isEmpty)
        batch = try #require(effects.batches.first)
        effects = bench.handle(.landed(batch.id, Self.receipt(spent: 14)))
        #expect(effects.finishes == [RunID(1)])
        #expect(bench.handle(.finished(RunID(1), .outOfBudget)).endings == [.outOfBudget])
        #expect(bench.scheduler.isQuiet && bench.scheduler.load.tasks == 0)
    }

    @Test("A run whose last draws spend its budget is said to be finished: the database knows")
    func finishedByItsLastDraws() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Self.run(tokens: 10)]))
        bench.page(Bench.pending(1...1, draws: 2))
        let lease = try #require(bench.hello(credit: 1).leases.first)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        bench.handle(.landed(batch.id, Self.receipt(spent: 12)))
        #expect(bench.page([]).finishes == [RunID(1)])
        let ended = bench.handle(.finished(RunID(1), .finished))
        #expect(ended.endings == [.finished])
        #expect(bench.scheduler.isQuiet)
    }

    @Test("A task of a begun prompt that nobody has is granted though the budget is spent")
    func grantsBegun() throws {
        var (bench, first) = try Self.bench(tokens: 10)
        bench.handle(.runs([Self.run(tokens: 10, spent: 11)]))
        #expect(bench.scheduler.load.activeItems == 4)
        let second = try #require(bench.say(Bench.result(first)).leases.first)
        #expect(second.prompt.id == first.prompt.id)
    }

    @Test("A lease that is lost after the budget was spent is granted again")
    func grantsLost() throws {
        var (bench, first) = try Self.bench(tokens: 10)
        bench.handle(.runs([Self.run(tokens: 10, spent: 11)]))
        let again = bench.hello(from: 2, credit: 4).leases
        #expect(again.count == 1)
        let effects = bench.say(.returned([first.name]))
        #expect(effects.leases.map(\.prompt.id) == [first.prompt.id])
    }

    @Test("A raised budget goes on where it was")
    func raised() throws {
        var (bench, first) = try Self.bench(tokens: 10)
        let second = try #require(bench.say(Bench.result(first)).leases.first)
        bench.handle(.runs([Self.run(tokens: 10, spent: 11)]))
        #expect(bench.scheduler.load.tasks == 2)
        bench.page([])
        let effects = bench.handle(.runs([Self.run(tokens: 100, spent: 11)]))
        #expect(effects.pages.first?.after == nil && effects.pages.count == 1)
        #expect(effects.pages.first?.limit.onlyBegun == false)
        bench.page(Bench.pending(2...3, draws: 4))
        let third = try #require(bench.say(Bench.result(second)).leases.first)
        #expect(third.prompt.id == PromptID(2))
    }

    @Test("Of a run that begins with a spent budget only begun prompts are paged")
    func spentBefore() {
        var bench = SchedulerBench()
        bench.hello(credit: 4)
        var effects = bench.handle(.runs([Self.run(tokens: 10, spent: 10)]))
        #expect(effects.onlyBegun == [true] && effects.finishes.isEmpty)
        #expect(effects.pages.first?.limit.skipsDone == false)
        effects = bench.page([], next: 9)
        #expect(effects.pages.first?.after == PromptID(9) && effects.finishes.isEmpty)
        effects = bench.page([])
        #expect(effects.pages.isEmpty && effects.finishes == [RunID(1)])
        // The database knows better: somebody raised it meanwhile.
        bench.handle(.finished(RunID(1), .open))
        let later = bench.handle(.runs([Self.run(tokens: 11, spent: 10)]), after: .seconds(1))
        #expect(later.onlyBegun == [false])
    }

    @Test("Another coordinator completes what was begun, and then ends the run")
    func restart() throws {
        var (bench, effects) = Self.restarted()
        #expect(effects.leases.isEmpty)
        effects = bench.page(Self.half())
        let lease = try #require(effects.leases.first)
        #expect(effects.leases.count == 1 && lease.prompt.id == PromptID(2))
        #expect(lease.items.map(\.name) == [.draw(2), .draw(3)] && effects.finishes.isEmpty)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        effects = bench.handle(.landed(batch.id, Self.receipt(spent: 15)))
        #expect(effects.pages.isEmpty && effects.finishes == [RunID(1)])
        // Something begun is left all the same, as the database says: it is looked for again.
        bench.handle(.finished(RunID(1), .open))
        effects = bench.handle(.tick, after: .seconds(1))
        #expect(effects.onlyBegun == [true])
        #expect(effects.pages.first?.after == nil)
    }

    @Test("A task of a prompt that the database calls begun is granted again when it is lost")
    func restartAndLoss() throws {
        var (bench, _) = Self.restarted()
        let lease = try #require(bench.page(Self.half()).leases.first)
        #expect(bench.say(.returned([lease.name])).leases.map(\.prompt.id) == [PromptID(2)])
    }

    @Test("A spent budget completes what a run that samples nothing has begun")
    func rescoring() {
        var (bench, effects) = Self.restarted { $0.spec.samples = false }
        #expect(effects.onlyBegun == [true])
        effects = bench.page(Self.half(text: "stored"))
        #expect(effects.leases.flatMap(\.items).map(\.text) == ["stored", "stored"])
    }

    @Test("A budget that is raised while begun prompts are paged has all prompts paged")
    func raisedWhilePaging() {
        var (bench, _) = Self.restarted()
        var effects = bench.handle(.runs([Self.run(tokens: 100, spent: 11)]))
        #expect(effects.pages.isEmpty)
        effects = bench.page(Self.half())
        #expect(effects.leases.count == 1)
        #expect(effects.onlyBegun == [false])
        #expect(effects.pages.first?.after == nil)
        effects = bench.page(Bench.pending(1...1, draws: 4))
        #expect(Set(effects.leases.map(\.prompt.id)) == [PromptID(1)])
    }

    @Test("A page that arrives after the budget was spent is dropped")
    func latePage() {
        var bench = SchedulerBench()
        bench.hello(credit: 4)
        bench.handle(.runs([Self.run(tokens: 10)]))
        bench.handle(.runs([Self.run(tokens: 10, spent: 10)]))
        var effects = bench.page(Bench.pending(1...3, draws: 4))
        #expect(effects.leases.isEmpty && effects.onlyBegun == [true])
        #expect(bench.scheduler.load.tasks == 0)
        effects = bench.page([])
        #expect(effects.finishes == [RunID(1)])
    }

    @Test("Readings of what was spent may come in any order")
    func merged() {
        var bench = SchedulerBench()
        bench.handle(.runs([Self.run(tokens: 10, spent: 10)]))
        bench.page([])
        bench.handle(.runs([Self.run(tokens: 10, spent: 3)]))
        bench.handle(.finished(RunID(1), .open))
        let effects = bench.handle(.tick, after: .seconds(1))
        #expect(effects.onlyBegun == [true])
    }

    @Test("A budget is spent at its cost, by the prices of policy and scorer")
    func cost() {
        var spec = Bench.boundRun().spec
        let spent = Spending(
            policy: TokenCount(input: 1_000_000, output: 500_000),
            scorer: TokenCount(input: 2_000_000))
        spec.prices = Prices(
            policy: TokenPrice(input: 0.5, output: 2), scorer: TokenPrice(input: 1, output: 0))
        #expect(spec.prices?.cost(of: spent) == 3.5)
        spec.budget = Budget(cost: 3.5)
        #expect(spec.isExhausted(by: spent))
        spec.budget = Budget(cost: 3.51, tokens: 3_500_001)
        #expect(!spec.isExhausted(by: spent))
        spec.budget = Budget(cost: 100, tokens: 3_500_000)
        #expect(spec.isExhausted(by: spent))
        spec.prices = nil
        #expect(spec.problem?.contains("price_per_million_tokens") == true)
    }
}
