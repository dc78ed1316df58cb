import OgiveCore
import OgiveTesting
import Testing

/// Workers that take, and do not give.
@Suite("Scheduler: shares of workers and keys", .timeLimit(.minutes(10)))
struct SchedulerShareTests {
    typealias Bench = SchedulerBench

    @Test("A worker gets few leases at first, whatever it asks for, and one more for each it does")
    func firstLeases() throws {
        var bench = Bench.loaded(prompts: 20, draws: 2) { $0.firstLeases = 3 }
        let leases = bench.hello(credit: 4_000).leases
        #expect(leases.count == 3)
        // One that is finished makes room for itself and one more.
        #expect(bench.say(Bench.result(leases[0])).leases.count == 2)
        #expect(bench.say(Bench.result(leases[1])).leases.count == 2)
        #expect(bench.scheduler.leases(of: Bench.worker(1))?.held == 5)
    }

    @Test("Fault 45: three that take everything and return nothing leave the rest to others")
    func idlers() throws {
        var bench = Bench.loaded(prompts: 40, draws: 2) { $0.firstLeases = 8 }
        for idler in 1...3 as ClosedRange<UInt64> {
            #expect(bench.hello(from: idler, credit: 4_000).leases.count == 8)
        }
        var todo = bench.hello(from: 4, credit: 4).leases
        var landed = 0
        while let lease = todo.popLast() {
            landed += 1
            todo += bench.say(Bench.result(lease), from: 4).leases
        }
        #expect(landed == 40 - 24)
    }

    @Test("Fault 44: a hello that is repeated too soon is not answered, and grants nothing anew")
    func helloPause() {
        var bench = Bench.loaded(prompts: 9, draws: 2) { $0.helloPause = .milliseconds(500) }
        #expect(bench.hello(credit: 4).leases.count == 4)
        for _ in 0..<100 { #expect(bench.hello(credit: 4).sent.isEmpty) }
        bench.handle(.tick, after: .milliseconds(500))
        #expect(bench.hello(credit: 4).leases.count == 4)
    }

    @Test("Fault 63: one that says goodbye and hello again and again is not greeted for a time")
    func goodbyeAndHello() {
        var bench = Bench.loaded(prompts: 9, draws: 2)
        #expect(bench.hello(credit: 4).leases.count == 4)
        for _ in 0..<100 {
            bench.say(.goodbye)
            #expect(bench.hello(credit: 4).sent.isEmpty)
        }
        #expect(bench.scheduler.load.workers == 0)
        #expect(bench.scheduler.load.inFlightItems == 0)
        bench.handle(.tick, after: .seconds(10))
        #expect(bench.hello(credit: 4).leases.count == 4)
    }

    @Test("One that forgets what it was granted, or does not read, is granted half as much")
    func neglect() {
        var bench = Bench.loaded(prompts: 40, draws: 2) { $0.firstLeases = 8 }
        var granted = [bench.hello(credit: 99).leases.count]
        for pause in [0, 500, 1_000, 2_000] {
            let atOnce = bench.hello(credit: 99).leases.count
            #expect(atOnce == 0 || pause == 0)
            let later = bench.handle(.tick, after: .milliseconds(pause)).leases.count
            granted.append(atOnce + later)
        }
        #expect(granted == [8, 4, 2, 1, 1])
    }

    @Test(
        "Fault 46: a full queue is that of a worker that does not read: it loses all of its leases")
    func slowReader() throws {
        var bench = Bench.loaded(prompts: 2, draws: 2)
        let leases = bench.hello(credit: 2).leases
        #expect(leases.count == 2)
        let message = ToWorker(worker: Bench.worker(1), message: .lease(leases[1]))
        bench.handle(.sendFailed(message, .full))
        #expect(bench.scheduler.leases(of: Bench.worker(1))?.held == 0)
        #expect(bench.hello(from: 2, credit: 2).leases.count == 2)
    }

    @Test("A lease that its worker let run out, or gave back, goes to others that have room")
    func lastInLine() throws {
        for isReturned in [false, true] {
            var bench = Bench.loaded(draws: 2) { $0.silenceMax = .seconds(2_000) }
            let lease = try #require(bench.hello(from: 1).leases.first)
            #expect(bench.hello(from: 2).leases.isEmpty)
            let effects =
                isReturned
                ? bench.say(.returned([lease.name]), from: 1)
                : bench.handle(.tick, after: .seconds(900))
            #expect(effects.grantees == [2])
        }
    }

    @Test("Workers of a key that have finished nothing get few leases when they are many")
    func crowded() {
        var bench = Bench.loaded(prompts: 40, draws: 2) {
            $0.firstLeases = 8
            $0.firstLeasesOfKey = 12
            $0.reducedFirstLeases = 1
        }
        let granted = (1...5).map {
            bench.hello(from: UInt64($0), credit: 99, key: "one").leases.count
        }
        #expect(granted == [8, 4, 1, 1, 1])
        #expect(bench.hello(from: 9, credit: 99, key: "two").leases.count == 8)
    }

    @Test("While others are there, the workers of one key hold no more than half")
    func half() {
        var bench = Bench.loaded(prompts: 40, draws: 2) { $0.inFlightItemsMax = 40 }
        bench.hello(from: 1, credit: 0, key: "one")
        #expect(bench.hello(from: 2, credit: 99, key: "two").leases.count == 10)
        #expect(bench.say(.credit(99), from: 1).leases.count == 10)
    }

    @Test("A worker holds no more bytes of prompts than its bound, but for one lease")
    func bytes() {
        var bench = Bench() { $0.leasedBytesOfWorker = 250 }
        bench.handle(.runs([Bench.boundRun(draws: 2)]))
        bench.page(
            Bench.pending(1...9, draws: 2).map { pending in
                var pending = pending
                pending.prompt.content = .text(String(repeating: "x", count: 98))
                return pending
            })
        #expect(bench.hello(credit: 9).leases.count == 3)
    }

    @Test("Hellos that wait for the runs name a bounded number of leases")
    func waitingHellos() {
        var bench = Bench() { $0.waitingLeasesMax = 3 }
        let claim = LeaseKeyTests.claim
        for worker in 1...3 as ClosedRange<UInt64> {
            bench.hello(
                from: worker, credit: 0,
                holding: Array(repeating: HeldLease(claim: claim), count: 2))
        }
        let effects = bench.handle(.runs([Bench.boundRun()]))
        let welcomed = effects.sent.filter {
            if case .welcome = $0.message { true } else { false }
        }
        #expect(welcomed.map(\.worker) == [Bench.worker(1)])
    }
}
