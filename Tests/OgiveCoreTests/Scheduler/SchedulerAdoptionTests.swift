import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: leases held at a hello", .timeLimit(.minutes(10)))
struct SchedulerAdoptionTests {
    typealias Bench = SchedulerBench

    private func older(
        _ items: [Int32], task: UInt64 = 70, prompt: Int64 = 1, run: Int64 = 1,
        of worker: UInt64 = 1, epoch: UInt64 = 3
    ) -> HeldLease {
        let claim = LeaseClaim(
            lease: LeaseName(term: Term(4), task: TaskID(task), epoch: Epoch(epoch)),
            run: RunID(run), prompt: PromptID(prompt), seedBase: 0,
            items: items.map { .draw($0) }, proof: .unproved)
        return HeldLease(claim: claim.proved(for: Bench.worker(worker)))
    }

    /// The lease that an adoption makes of a held one.
    private func lease(_ adoption: Welcome.Adoption, of held: HeldLease) -> Lease {
        Lease(
            name: adoption.new, run: held.claim.run,
            prompt: Bench.pending(1...1, draws: 1)[0].prompt, seedBase: held.claim.seedBase,
            items: held.items.map { WorkItem(name: $0) }, duration: .seconds(1),
            proof: adoption.proof)
    }

    private func renamed(_ lease: Lease, _ welcome: Welcome?) -> LeaseName? {
        welcome?.adopted.first { $0.old == lease.name }?.new
    }

    @Test("Of this term, a lease that nobody else has goes on under its name")
    func sameTerm() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        for _ in 0..<2 {
            let effects = bench.hello(holding: [Bench.held(lease)])
            #expect(effects.leases.isEmpty)
            #expect(renamed(lease, effects.welcome) == lease.name)
        }
        #expect(bench.scheduler.load.inFlightItems == 2)
        #expect(bench.say(Bench.result(lease)).batches.count == 1)
    }

    @Test("Of this term, a lease that ran out and is not granted anew goes on")
    func sameTermReady() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        bench.handle(.tick, after: .seconds(10))
        #expect(bench.scheduler.load.workers == 0)
        let effects = bench.hello(holding: [Bench.held(lease)])
        #expect(renamed(lease, effects.welcome) == lease.name)
        #expect(effects.leases.isEmpty)
    }

    @Test("Of this term, a lease that was granted anew does not go on")
    func sameTermRegranted() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello(from: 1).leases.first)
        bench.handle(.tick, after: .seconds(10))
        #expect(bench.hello(from: 2).leases.count == 1)
        #expect(bench.hello(from: 1, holding: [Bench.held(lease)]).welcome?.adopted == [])
        #expect(bench.hello(from: 3, holding: [Bench.held(lease)]).welcome?.adopted == [])
    }

    @Test("Of this term, a lease whose results wait for their commit goes on until it is there")
    func sameTermLanding() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        let welcome = bench.hello(holding: [Bench.held(lease)]).welcome
        #expect(renamed(lease, welcome) == lease.name)
        #expect(bench.say(Bench.result(lease)).batches.isEmpty)
        #expect(bench.handle(.landed(batch.id, Bench.receipt)).acks.count == 1)
    }

    @Test("Leases that a hello does not name go to others, without charging an attempt")
    func forgotten() throws {
        var bench = SchedulerBench.loaded(draws: 2) { $0.attemptsMax = 1 }
        let lease = try #require(bench.hello().leases.first)
        let again = try #require(bench.hello(holding: []).leases.first)
        #expect(again.name.task == lease.name.task)
        #expect(again.name.epoch > lease.name.epoch)
    }

    @Test("Of an older term, a lease goes on under a new name before its page came")
    func olderTerm() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        let effects = bench.hello(credit: 2, holding: [older([0, 1])])
        let new = try #require(effects.welcome?.adopted.first?.new)
        #expect(new.term == Term(5))
        #expect(bench.page(Bench.pending(1...1, draws: 2)).leases.isEmpty)
        #expect(bench.scheduler.load.inFlightItems == 2)
    }

    @Test("Of two grants of a task of an older term the later one goes on, whoever comes first")
    func laterGrant() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        let given = older([0, 1])
        let held = older([0, 1], of: 2, epoch: 4)
        let first = try #require(bench.hello(holding: [given]).welcome?.adopted.first)
        let effects = bench.hello(from: 2, holding: [held])
        #expect(effects.cancels == [first.new])
        let second = try #require(effects.welcome?.adopted.first)
        // Again, by both: it stays.
        #expect(bench.hello(holding: [given]).welcome?.adopted == [])
        #expect(bench.hello(from: 2, holding: [held]).welcome?.adopted.map(\.new) == [second.new])
        #expect(bench.scheduler.load.inFlightItems == 2)
        #expect(bench.say(Bench.result(lease(first, of: given))).batches.isEmpty)
        #expect(bench.say(Bench.result(lease(second, of: held)), from: 2).batches.count == 1)
    }

    @Test("Of an older term, items that wait to be granted are taken out of the queue")
    func olderTermReady() throws {
        var bench = SchedulerBench.loaded(draws: 4)
        let effects = bench.hello(credit: 5, holding: [older([1, 2])])
        #expect(effects.welcome?.adopted.count == 1)
        #expect(effects.leases.flatMap { $0.items.map(\.name.index) } == [0, 3])
        #expect(bench.scheduler.load.inFlightItems == 4)
    }

    @Test("A task that gave all that was left of it to an older lease is over when its rest landed")
    func withdrawnWhileLanding() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello(from: 1).leases.first)
        let batch = try #require(bench.say(Bench.result(lease, items: [0])).batches.first)
        bench.say(.credit(0))
        bench.say(.returned([lease.name]))
        var held = older([0, 1], of: 2)
        held.resolved = [.draw(0)]
        #expect(bench.hello(from: 2, credit: 0, holding: [held]).welcome?.adopted.count == 1)
        #expect(bench.scheduler.load.tasks == 2)
        bench.handle(.landed(batch.id, Bench.receipt))
        #expect(bench.scheduler.load.tasks == 1)
    }

    @Test("What is late for a task that gave an item to an older lease is stale")
    func lateAfterWithdrawal() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello(from: 1).leases.first)
        bench.handle(.tick, after: .seconds(10))
        #expect(bench.hello(from: 2, holding: [older([0], of: 2)]).welcome?.adopted.count == 1)
        #expect(
            bench.hello(from: 1, credit: 0, holding: [Bench.held(lease)]).welcome?.adopted == [])
        let late = bench.say(Bench.result(lease), from: 1)
        #expect(late.acks == [ResultName(lease: lease.name, part: 0)])
        #expect(late.batches.isEmpty)
        #expect(bench.scheduler.counters.stale == 1)
        #expect(bench.say(.credit(1), from: 1).leases.map { $0.items.map(\.name) } == [[.draw(1)]])
    }

    @Test("A hello that is repeated because its answer was lost gives the same new names")
    func repeated() {
        var bench = SchedulerBench.loaded(draws: 2)
        let first = bench.hello(holding: [older([0, 1])]).welcome?.adopted
        let second = bench.hello(holding: [older([0, 1])]).welcome?.adopted
        #expect(first?.count == 1)
        #expect(first == second)
        #expect(bench.scheduler.load.inFlightItems == 2)
    }

    @Test("Fault 68: a lease of an older term goes on once, and keeps no run from its end for ever")
    func onlyOnce() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        bench.page([])
        let held = older([0, 1])
        let adoption = try #require(bench.hello(holding: [held]).welcome?.adopted.first)
        bench.say(.returned([adoption.new]))
        #expect(bench.hello(holding: [held]).welcome?.adopted == [])
        #expect(bench.scheduler.load.tasks == 0)
    }

    @Test("Fault 68: a worker takes over no more leases than it could have held")
    func adoptedMax() {
        var bench = SchedulerBench { $0.creditMax = 1 }
        bench.handle(.runs([Bench.boundRun(draws: 4)]))
        let held = (0..<4).map { older([Int32($0)], task: UInt64($0)) }
        #expect(bench.hello(holding: held).welcome?.adopted.count == 2)
    }

    @Test("Of two older leases on the same items one goes on: two attempts do not race")
    func sameItemsTwice() {
        var bench = SchedulerBench.loaded(draws: 2)
        let held = [older([0, 1], task: 70), older([0, 1], task: 71)]
        for _ in 0..<2 {
            let adopted = bench.hello(holding: held).welcome?.adopted
            #expect(adopted?.map(\.old) == [held[0].claim.lease])
        }
    }

    @Test("Of an older term, a lease does not go on when one of its items was granted meanwhile")
    func olderTermGranted() throws {
        var bench = SchedulerBench.loaded(draws: 4)
        let lease = try #require(bench.hello(from: 1, credit: 1).leases.first)
        #expect(lease.items.map(\.name.index) == [0, 1])
        #expect(bench.hello(from: 2, holding: [older([1, 2], of: 2)]).welcome?.adopted == [])
        #expect(bench.scheduler.load.inFlightItems == 4)
    }

    @Test("Of an older term, a lease does not go on while one of its items waits for its commit")
    func olderTermLanding() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello(from: 1, credit: 1).leases.first)
        bench.say(Bench.result(lease))
        #expect(bench.hello(from: 2, holding: [older([1], of: 2)]).welcome?.adopted == [])
    }

    @Test("Results of an adopted lease land and are acknowledged under the new name")
    func adoptedResults() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        let held = older([0, 1])
        let adoption = try #require(bench.hello(holding: [held]).welcome?.adopted.first)
        let lease = lease(adoption, of: held)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        #expect(
            bench.handle(.landed(batch.id, Bench.receipt)).acks
                == [ResultName(lease: adoption.new, part: 0)])
        #expect(bench.scheduler.load.tasks == 0)
    }

    @Test("An adopted lease that runs out is left to the database, whose page names it anew")
    func adoptedExpires() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        bench.hello(from: 1, holding: [older([0, 1])])
        bench.page(Bench.pending(1...1, draws: 2))
        let lost = bench.handle(.tick, after: .seconds(10))
        #expect(lost.pages.count == 1)
        #expect(bench.scheduler.load.inFlightItems == 0)
        bench.page(Bench.pending(1...1, draws: 2))
        #expect(bench.hello(from: 2).leases.count == 1)
    }

    @Test("The late result of a forgotten task lands before it is acknowledged")
    func lateAfterForgotten() throws {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        let held = older([0, 1])
        let adoption = try #require(bench.hello(holding: [held]).welcome?.adopted.first)
        bench.say(.returned([adoption.new]))
        let lease = lease(adoption, of: held)
        let effects = bench.say(Bench.result(lease))
        #expect(effects.acks.isEmpty)
        let batch = try #require(effects.batches.first)
        #expect(bench.handle(.landed(batch.id, Bench.receipt)).acks.count == 1)
    }

    @Test("What makes no sense is not adopted")
    func nonsense() {
        var bench = SchedulerBench.loaded(draws: 2)
        let held = [
            older([], task: 1), older([0, 0], task: 2), older([0], task: 3, run: 9),
            older([2], task: 4), older([-1], task: 5),
        ]
        #expect(bench.hello(credit: 0, holding: held).welcome?.adopted == [])
    }
}
