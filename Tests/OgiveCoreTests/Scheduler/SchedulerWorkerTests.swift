import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: workers", .timeLimit(.minutes(10)))
struct SchedulerWorkerTests {
    typealias Bench = SchedulerBench

    @Test("A hello is answered with the term and the intervals")
    func welcome() throws {
        var bench = SchedulerBench.loaded()
        let effects = bench.hello()
        let welcome = try #require(effects.welcome)
        #expect(welcome.term == Term(5))
        #expect(welcome.heartbeatInterval == bench.scheduler.limits.heartbeatInterval)
        #expect(welcome.silenceMax == bench.scheduler.limits.silenceMax)
        #expect(effects.records.last?.state == .active)
    }

    @Test("A hello waits until the open runs are known: what it holds could not be judged")
    func waitsForRuns() throws {
        var bench = SchedulerBench()
        let claim = LeaseClaim(
            lease: LeaseName(term: Term(4), task: TaskID(9), epoch: Epoch(1)), run: RunID(1),
            prompt: PromptID(1), seedBase: 0, items: [.draw(0)], proof: .unproved)
        let held = HeldLease(claim: claim.proved(for: Bench.worker(1)))
        #expect(bench.hello(holding: [held]).isEmpty)
        #expect(bench.say(.heartbeat, term: 4).isEmpty)
        #expect(bench.hello(holding: [held]).isEmpty)
        let effects = bench.handle(.runs([Bench.boundRun()]))
        #expect(effects.welcome?.adopted.map(\.old) == [held.claim.lease])
    }

    @Test("An unknown worker, and one of an older term, is asked to register again")
    func reRegister() {
        var bench = SchedulerBench.loaded()
        #expect(bench.say(.heartbeat).asksToReRegister)
        #expect(bench.say(.goodbye).isEmpty)
        bench.hello()
        #expect(bench.say(.heartbeat).sent.map(\.message) == [.heartbeat])
        #expect(bench.say(.heartbeat, term: 4).asksToReRegister)
        #expect(bench.say(.heartbeat, term: 6).asksToReRegister)
    }

    @Test("A result under an older term is not taken before the worker registered again")
    func oldTermResult() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let effects = bench.say(Bench.result(lease), term: 4)
        #expect(effects.batches.isEmpty)
        #expect(effects.acks.isEmpty)
        #expect(effects.asksToReRegister)
    }

    @Test("A silent worker is lost; its tasks go to others, and the attempt is charged")
    func silence() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello(from: 1).leases.first)
        bench.hello(from: 2, credit: 0)
        bench.handle(.tick, after: .seconds(9))
        bench.say(.credit(1), from: 2)
        let effects = bench.handle(.tick, after: .seconds(1))
        #expect(effects.records.map(\.state) == [.lost])
        #expect(effects.grantees == [2])
        #expect(effects.leases.first?.name.task == lease.name.task)
        #expect(bench.scheduler.load.workers == 1)
        #expect(bench.say(.heartbeat, from: 1).asksToReRegister)
    }

    @Test("What a coordinator could not listen to is no silence of its workers")
    func missed() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        bench.hello(from: 1)
        // It was stopped for a minute; what came meanwhile is still to be read.
        bench.now = bench.now + .seconds(64)
        let woken = ListeningTime(until: bench.now, missed: .seconds(60))
        #expect(bench.handle(.listened(woken)).records.isEmpty)
        bench.say(.heartbeat, from: 1, after: .seconds(5))
        #expect(bench.scheduler.load.workers == 1)
        // What it handles now came nine seconds ago: nothing is known of the time since then.
        let behind = ListeningTime(until: bench.now + .seconds(9), missed: .seconds(60))
        #expect(bench.handle(.listened(behind), after: .seconds(18)).records.isEmpty)
        #expect(bench.say(.credit(1), from: 2).asksToReRegister)
        #expect(bench.scheduler.load.workers == 1)
        let silent = ListeningTime(until: bench.now, missed: .seconds(60))
        #expect(bench.handle(.listened(silent)).records.map(\.state) == [.lost])
    }

    @Test("Endpoints without requests are recorded when they change, and decide nothing")
    func outages() throws {
        var bench = SchedulerBench.loaded()
        bench.hello()
        let outage = EndpointOutage(
            model: "m", endpoint: "e", code: .timeout, message: "late", lasting: .seconds(1))
        let effects = bench.say(.impaired([outage]))
        #expect(effects.records.map(\.outages) == [[outage]])
        #expect(effects.records.map(\.state) == [.active])
        #expect(effects.sent.map(\.message) == [.heartbeat])
        #expect(bench.say(.impaired([outage].aged(by: .seconds(9)))).records.isEmpty)
        let again = bench.hello()
        #expect(again.records.last?.outages.first?.lasting == .seconds(10))
        #expect(bench.say(.heartbeat).records.map(\.outages) == [[]])
        #expect(bench.say(.heartbeat).records.isEmpty)
    }

    @Test("Any message is a sign of life")
    func signsOfLife() {
        var bench = SchedulerBench.loaded()
        bench.hello()
        for _ in 0..<5 { bench.say(.credit(1), after: .seconds(6)) }
        #expect(bench.scheduler.load.workers == 1)
    }

    @Test("A task that loses its workers too often becomes a failure")
    func attempts() throws {
        var bench = SchedulerBench.loaded(draws: 2) { $0.attemptsMax = 2 }
        bench.hello(from: 1)
        #expect(bench.handle(.tick, after: .seconds(10)).batches.isEmpty)
        bench.hello(from: 2)
        let batch = try #require(bench.handle(.tick, after: .seconds(10)).batches.first)
        let failures = batch.groups.flatMap(\.items).compactMap(\.failure)
        #expect(failures.map(\.code) == [.workerLost, .workerLost])
        #expect(failures.map(\.attempts) == [2, 2])
        #expect(failures.map(\.stage) == [.sampling, .sampling])
        #expect(
            failures.first?.message
                == "Given up: its worker was lost or too slow 2 times: w1 was lost after 10.0 s, "
                + "w2 was lost after 10.0 s with this task alone.")
        #expect(bench.handle(.landed(batch.id, Bench.receipt)).acks.isEmpty)
        #expect(bench.scheduler.isQuiet)
    }

    @Test("Returned leases and a goodbye charge no attempt")
    func returned() throws {
        var bench = SchedulerBench.loaded(draws: 2) { $0.attemptsMax = 1 }
        let first = try #require(bench.hello(credit: 1).leases.first)
        let again = try #require(bench.say(.returned([first.name])).leases.first)
        #expect(again.name.epoch > first.name.epoch)
        #expect(bench.say(.returned([first.name])).leases.isEmpty)
        #expect(bench.say(.goodbye).records.last?.state == .left)
        #expect(bench.hello(from: 2).leases.count == 1)
    }

    @Test("A worker that left leaves no place in the queue")
    func leavesQueue() {
        var bench = SchedulerBench()
        bench.handle(.runs([Bench.boundRun()]))
        bench.hello(from: 1, credit: 2)
        bench.say(.goodbye)
        #expect(bench.page(Bench.pending(1...2, draws: 4)).leases.isEmpty)
        #expect(bench.scheduler.nextTick != nil)
        #expect(bench.handle(.tick, after: .seconds(11)).records.isEmpty)
    }
}
