import OgiveCore
import OgiveTesting
import Testing

/// Leases that come back undone, again and again, or many at once.
@Suite("Scheduler: leases that come back", .timeLimit(.minutes(10)))
struct SchedulerPauseTests {
    typealias Bench = SchedulerBench

    /// Ways in which a worker has its leases come back. Each ends with its asking for more.
    enum Way: String, CaseIterable, Sendable {
        case returns, forgets, doesNotRead
    }

    /// One prompt a lease, and no limit but credit.
    private func loaded(_ adjust: (inout SchedulerLimits) -> Void = { _ in }) -> SchedulerBench {
        Bench.loaded(prompts: 40, draws: 2) {
            $0.silenceMax = .seconds(1_000)
            adjust(&$0)
        }
    }

    /// Lets all leases of a worker come back; answers with what it is granted at once.
    private func undo(
        _ leases: [Lease], _ way: Way, _ bench: inout SchedulerBench, by worker: UInt64 = 1,
        key: String? = nil
    ) -> [Lease] {
        switch way {
        case .returns: return bench.say(.returned(leases.map(\.name)), from: worker).leases
        case .forgets: return bench.hello(from: worker, credit: 2, key: key).leases
        case .doesNotRead:
            guard let first = leases.first else { return [] }
            let message = ToWorker(worker: Bench.worker(worker), message: .lease(first))
            #expect(bench.handle(.sendFailed(message, .full)).leases.isEmpty)
            return bench.say(.credit(2), from: worker).leases
        }
    }

    @Test(
        "Fault 61: a worker whose leases come back undone again and again waits longer each time",
        arguments: Way.allCases)
    func waits(way: Way) {
        var bench = loaded { $0.undonePauseMax = .seconds(2) }
        var leases = bench.hello(credit: 2).leases
        #expect(leases.count == 2)
        // The first time costs nothing.
        leases = undo(leases, way, &bench)
        #expect(!leases.isEmpty)
        for pause in [500, 1_000, 2_000, 2_000] {
            #expect(undo(leases, way, &bench).isEmpty)
            #expect(bench.scheduler.nextTick == bench.now + .milliseconds(pause))
            #expect(bench.handle(.tick, after: .milliseconds(pause - 1)).leases.isEmpty)
            leases = bench.handle(.tick, after: .milliseconds(1)).leases
            #expect(!leases.isEmpty)
        }
    }

    @Test("What comes back during a pause, or with other leases, counts once")
    func countsOnce() {
        var bench = loaded()
        var leases = bench.hello(credit: 8).leases
        #expect(leases.count == 8)
        // One message for each, as a worker does that lacks a specification.
        bench.say(.credit(0))
        for lease in leases { bench.say(.returned([lease.name])) }
        bench.say(.credit(8))
        leases = bench.handle(.tick, after: .milliseconds(500)).leases
        #expect(leases.count == 8)
    }

    @Test("A lease that is finished makes the next one that comes back the first again")
    func forgives() throws {
        var bench = loaded()
        var leases = bench.hello(credit: 2).leases
        for _ in 0..<5 {
            leases = undo(leases, .returns, &bench)
            #expect(leases.count == 2)
            leases = [leases[1]] + bench.say(Bench.result(leases[0])).leases
        }
    }

    @Test("A worker that waits keeps what it has, and its results count")
    func keepsItsOwn() throws {
        var bench = loaded()
        let leases = bench.hello(credit: 3).leases
        let again = bench.say(.returned([leases[0].name])).leases
        #expect(again.count == 1)
        #expect(bench.say(.returned([again[0].name])).leases.isEmpty)
        let effects = bench.say(Bench.result(leases[1]))
        #expect(effects.batches.count == 1 && effects.leases.isEmpty)
        #expect(bench.handle(.tick, after: .milliseconds(500)).leases.count == 2)
    }

    @Test("Leases that come back in the moment that a pause ends begin the next, which ends too")
    func pauseAfterPause() throws {
        var bench = loaded()
        let leases = bench.hello(credit: 3).leases
        let again = bench.say(.returned([leases[0].name])).leases
        #expect(bench.say(.returned([again[0].name])).leases.isEmpty)
        bench.say(.returned([leases[1].name]), after: .milliseconds(500))
        #expect(bench.scheduler.nextTick == bench.now + .seconds(1))
        #expect(bench.handle(.tick, after: .seconds(1)).leases.count == 2)
    }

    @Test("The pause of one worker is not that of others of its key")
    func othersGoOn() {
        var bench = loaded()
        let honest = bench.hello(from: 1, credit: 1, key: "one").leases
        var leases = bench.hello(from: 2, credit: 2, key: "one").leases
        for _ in 0..<2 { leases = undo(leases, .returns, &bench, by: 2, key: "one") }
        #expect(leases.isEmpty)
        #expect(bench.say(Bench.result(honest[0]), from: 1, key: "one").leases.count == 1)
        #expect(bench.hello(from: 3, credit: 1, key: "one").leases.count == 1)
    }

    @Test("Fault 61: another incarnation of the same key is no way around the pause")
    func incarnations() {
        var bench = loaded()
        // The first one that leaves leases behind costs nothing.
        var next: UInt64 = 1
        for pause in [0, 0, 500, 1_000, 2_000] {
            let atOnce = bench.hello(from: next, credit: 2, key: "one").leases.count
            #expect(atOnce == (pause == 0 ? 2 : 0))
            let later = bench.handle(.tick, after: .milliseconds(pause)).leases.count
            #expect(atOnce + later == 2)
            // Others have nothing to do with it.
            #expect(bench.hello(from: next + 100, credit: 1, key: "two").leases.count == 1)
            bench.say(.goodbye, from: next, key: "one")
            next += 1
        }
    }

    @Test("A newcomer that finishes a lease ends the pause of its key")
    func newcomerWorks() throws {
        var bench = loaded()
        for worker in 1...2 as ClosedRange<UInt64> {
            #expect(bench.hello(from: worker, credit: 1, key: "one").leases.count == 1)
            bench.say(.goodbye, from: worker, key: "one")
        }
        #expect(bench.hello(from: 3, credit: 1, key: "one").leases.isEmpty)
        let lease = try #require(bench.handle(.tick, after: .milliseconds(500)).leases.first)
        bench.say(Bench.result(lease), from: 3, key: "one")
        bench.say(.goodbye, from: 3, key: "one")
        #expect(bench.hello(from: 4, credit: 1, key: "one").leases.count == 1)
    }

    @Test("Whoever gives a lease back is behind those that waited, also where it stood before them")
    func behindThoseThatWait() throws {
        var bench = loaded { $0.inFlightItemsMax = 2 }
        let lease = try #require(bench.hello(from: 1, credit: 2).leases.first)
        #expect(bench.hello(from: 2, credit: 2).leases.isEmpty)
        #expect(bench.say(.returned([lease.name]), from: 1).grantees == [2])
    }

    @Test("Of two workers whose leases run out together neither is ahead of a third")
    func runOutTogether() {
        var bench = Bench.loaded(prompts: 2, draws: 2) { $0.silenceMax = .seconds(2_000) }
        for worker in 1...2 as ClosedRange<UInt64> {
            #expect(bench.hello(from: worker, credit: 1).leases.count == 1)
        }
        for worker in 1...2 as ClosedRange<UInt64> { bench.say(.credit(2), from: worker) }
        #expect(bench.hello(from: 3, credit: 1).leases.isEmpty)
        #expect(bench.handle(.tick, after: .seconds(900)).grantees == [3, 1])
    }

    #if DEBUG
        @Test("Fault 60: leases that come back together are one look at each worker")
        func looks() {
            var bench = loaded()
            #expect(bench.hello(from: 1, credit: 20).leases.count == 20)
            for worker in 2...30 as ClosedRange<UInt64> { bench.hello(from: worker, credit: 0) }
            let before = bench.scheduler.looks
            bench.say(.goodbye, from: 1)
            #expect(bench.scheduler.looks - before == 29)
            #expect(bench.say(.credit(20), from: 2).leases.count == 20)
        }
    #endif
}
