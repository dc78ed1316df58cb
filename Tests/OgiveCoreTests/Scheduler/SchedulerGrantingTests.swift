import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: granting", .timeLimit(.minutes(10)))
struct SchedulerGrantingTests {
    typealias Bench = SchedulerBench

    @Test("A worker never gets more leases than it is willing to hold")
    func credit() {
        var bench = SchedulerBench.loaded(prompts: 5)
        #expect(bench.hello(credit: 3).leases.count == 3)
        #expect(bench.say(.credit(3)).leases.isEmpty)
        #expect(bench.say(.credit(5)).leases.count == 2)
        #expect(bench.say(.credit(0)).leases.isEmpty)
        #expect(bench.say(.credit(-7)).leases.isEmpty)
        #expect(bench.say(.credit(.max)).leases.count == 5)
    }

    @Test("Credit has a bound of the coordinator's own")
    func creditMax() {
        var bench = SchedulerBench.loaded(prompts: 5) { $0.creditMax = 4 }
        #expect(bench.hello(credit: .max).leases.count == 4)
    }

    @Test("Workers get leases in turn")
    func turns() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        bench.hello(from: 1, credit: 2)
        bench.hello(from: 2, credit: 2)
        bench.hello(from: 2, credit: 2)
        bench.hello(from: 3, credit: 2)
        let effects = bench.page(Bench.pending(1...3, draws: 4))
        #expect(effects.grantees == [1, 2, 3, 1, 2, 3])
    }

    @Test("Runs share the fleet by weight")
    func weights() {
        var bench = SchedulerBench { $0.drawsPerTask = 1 }
        var heavy = Bench.boundRun(id: 1, draws: 8)
        heavy.spec.weight = 3
        var light = Bench.boundRun(id: 2, draws: 8)
        light.sampling = SamplingID(2)
        light.scoring = ScoringID(2)
        bench.handle(.runs([heavy, light]))
        bench.page(Bench.pending(1...4, draws: 8), run: 1)
        bench.page(Bench.pending(1...4, draws: 8), run: 2)
        let runs = bench.hello(credit: 16).leases.map(\.run.rawValue)
        #expect(runs.count { $0 == 1 } == 12)
        #expect(runs.count { $0 == 2 } == 4)
    }

    @Test("No more items are in flight than the bound")
    func inFlightBound() {
        var bench = SchedulerBench.loaded(prompts: 10) { $0.inFlightItemsMax = 6 }
        #expect(bench.hello(credit: 10).leases.count == 3)
        #expect(bench.scheduler.load.inFlightItems == 6)
    }

    @Test("Nothing is granted while as many results as the window wait for their commit")
    func backlog() throws {
        var bench = SchedulerBench.loaded(prompts: 10) {
            $0.windowItems = 4
            $0.landingItems = 2
        }
        let leases = bench.hello(credit: 2).leases
        #expect(leases.count == 2)
        let first = bench.say(Bench.result(try #require(leases.first)))
        #expect(first.leases.count == 1)
        let second = bench.say(Bench.result(try #require(leases.last)))
        #expect(second.leases.isEmpty)
        #expect(bench.scheduler.load.landingItems == 4)
        let batch = try #require(first.batches.first)
        #expect(bench.handle(.landed(batch.id, Bench.receipt)).leases.count == 1)
    }

    @Test("The specification of a run comes before its first lease, once")
    func serve() {
        var bench = SchedulerBench.loaded()
        let sent = bench.hello(credit: 2).sent.map(\.message)
        let serves = sent.indices.filter { if case .serve = sent[$0] { true } else { false } }
        let leases = sent.indices.filter { if case .lease = sent[$0] { true } else { false } }
        #expect(serves.count == 1)
        #expect(leases.count == 2)
        #expect(serves[0] < leases[0])
    }

    @Test("A lease carries the prompt, the seed's base and its duration")
    func content() throws {
        var bench = SchedulerBench.loaded()
        let lease = try #require(bench.hello().leases.first)
        #expect(lease.prompt.key == "key 1")
        let sampling = Bench.boundRun().spec.scoring.sampling
        #expect(lease.seedBase == DrawSeed.base(of: sampling, promptKey: "key 1"))
        #expect(lease.duration == bench.scheduler.limits.leaseDuration)
    }

    @Test("The epoch rises on the grant, not when the lease runs out")
    func epochs() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let first = try #require(bench.hello().leases.first)
        bench.say(.credit(0), after: .seconds(899))
        for _ in 0..<2 { bench.say(.heartbeat) }
        let expired = bench.say(.heartbeat, after: .seconds(1))
        #expect(expired.cancels == [first.name])
        #expect(expired.leases.isEmpty)
        let second = try #require(bench.say(.credit(1)).leases.first)
        #expect(second.name.task == first.name.task)
        #expect(second.name.epoch.rawValue == first.name.epoch.rawValue + 1)
    }

    @Test("A draining worker gets nothing more, and is recorded as draining")
    func drainingWorker() {
        var bench = SchedulerBench.loaded(prompts: 3)
        bench.hello(credit: 1)
        #expect(bench.say(.draining).records.last?.state == .draining)
        #expect(bench.say(.credit(5)).leases.isEmpty)
    }

    @Test("A draining coordinator grants nothing and asks for nothing, but lands at once")
    func drainingCoordinator() throws {
        var bench = SchedulerBench.loaded(prompts: 3) { $0.landingDelay = .seconds(5) }
        let lease = try #require(bench.hello(credit: 1).leases.first)
        bench.handle(.drain)
        #expect(bench.say(.credit(5)).leases.isEmpty)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        #expect(!bench.scheduler.isQuiet)
        bench.handle(.landed(batch.id, Bench.receipt))
        #expect(bench.scheduler.isQuiet)
    }

    @Test("A lease that could not be sent charges no attempt; the worker waits for its next credit")
    func sendFailed() throws {
        for outcome in [SendOutcome.full, .unreachable] {
            var bench = SchedulerBench.loaded(draws: 2) { $0.attemptsMax = 1 }
            let sent = try #require(bench.hello().sent.last)
            let effects = bench.handle(.sendFailed(sent, outcome))
            #expect(effects.leases.isEmpty)
            #expect(effects.batches.isEmpty)
            #expect(bench.say(.credit(1)).leases.count == 1)
        }
    }

    @Test("A lease of one item larger than a message becomes a failure")
    func tooLarge() throws {
        var bench = SchedulerBench.loaded(draws: 1)
        let sent = try #require(bench.hello().sent.last)
        let batch = try #require(bench.handle(.sendFailed(sent, .tooLarge)).batches.first)
        #expect(batch.groups.flatMap(\.items).map(\.failure?.code) == [.tooLarge])
        bench.handle(.landed(batch.id, Bench.receipt))
        #expect(bench.scheduler.isQuiet)
        #expect(bench.scheduler.load.tasks == 0)
    }

    @Test("A specification that could not be sent is sent again before the next lease")
    func serveFailed() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let sent = bench.hello().sent
        let serve = try #require(
            sent.first { if case .serve = $0.message { true } else { false } })
        let lease = try #require(sent.last)
        bench.handle(.sendFailed(serve, .full))
        bench.handle(.sendFailed(lease, .full))
        let again = bench.say(.credit(1)).sent.map(\.message)
        #expect(again.contains { if case .serve = $0 { true } else { false } })
    }

    @Test("A worker that gives a lease back is told the run's specification again")
    func returnedForWantOfSpecification() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let again = bench.say(.returned([lease.name])).sent.map(\.message)
        #expect(again.contains { if case .serve = $0 { true } else { false } })
        #expect(again.contains { if case .lease = $0 { true } else { false } })
    }
}
