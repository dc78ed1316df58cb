import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: results", .timeLimit(.minutes(10)))
struct SchedulerResultTests {
    typealias Bench = SchedulerBench

    @Test("A result is acknowledged when it is landed, and not before")
    func ackAfterCommit() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let received = bench.say(Bench.result(lease))
        #expect(received.acks.isEmpty)
        let batch = try #require(received.batches.first)
        #expect(bench.say(Bench.result(lease)).acks.isEmpty)
        let landed = bench.handle(.landed(batch.id, Bench.receipt))
        #expect(landed.acks == [ResultName(lease: lease.name, part: 0)])
        #expect(bench.scheduler.load.tasks == 0)
    }

    @Test("Parts are taken once each, and acknowledged each")
    func parts() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let first = try #require(
            bench.say(Bench.result(lease, part: 0, items: [0])).batches.first)
        #expect(bench.say(Bench.result(lease, part: 0, items: [0])).batches.isEmpty)
        #expect(
            bench.handle(.landed(first.id, Bench.receipt)).acks
                == [ResultName(lease: lease.name, part: 0)])
        let second = try #require(
            bench.say(Bench.result(lease, part: 1, items: [1])).batches.first)
        #expect(
            bench.handle(.landed(second.id, Bench.receipt)).acks
                == [ResultName(lease: lease.name, part: 1)])
        #expect(bench.scheduler.isQuiet)
    }

    @Test("When a lease runs out, only the items without a result are granted anew")
    func partial() throws {
        var bench = SchedulerBench.loaded(draws: 2) { $0.silenceMax = .seconds(2_000) }
        let lease = try #require(bench.hello().leases.first)
        bench.say(Bench.result(lease, part: 0, items: [0]))
        let again = try #require(bench.handle(.tick, after: .seconds(900)).leases.first)
        #expect(again.items.map(\.name) == [.draw(1)])
    }

    @Test("A late result counts as long as nobody else has the task")
    func late() throws {
        var bench = SchedulerBench.loaded(draws: 2) { $0.silenceMax = .seconds(2_000) }
        let lease = try #require(bench.hello(credit: 1).leases.first)
        bench.say(.credit(0))
        #expect(bench.handle(.tick, after: .seconds(900)).cancels == [lease.name])
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        #expect(batch.groups.flatMap(\.items).count == 2)
        #expect(bench.say(.credit(1)).leases.isEmpty)
    }

    @Test("A result under a lease that was granted anew is dropped, counted and acknowledged")
    func stale() throws {
        var bench = SchedulerBench.loaded(draws: 2) { $0.silenceMax = .seconds(2_000) }
        let lease = try #require(bench.hello(from: 1, credit: 1).leases.first)
        bench.say(.credit(0), from: 1)
        bench.handle(.tick, after: .seconds(900))
        #expect(bench.hello(from: 2, credit: 1).leases.count == 1)
        let effects = bench.say(Bench.result(lease), from: 1)
        #expect(effects.batches.isEmpty)
        #expect(effects.acks == [ResultName(lease: lease.name, part: 0)])
        #expect(bench.scheduler.counters.stale == 1)
    }

    @Test("A result under a former epoch is dropped, even when the same worker has the task again")
    func staleOfSameWorker() throws {
        var bench = SchedulerBench.loaded(draws: 2) { $0.silenceMax = .seconds(2_000) }
        let first = try #require(bench.hello(credit: 1).leases.first)
        let second = try #require(bench.handle(.tick, after: .seconds(900)).leases.first)
        #expect(bench.say(Bench.result(first)).batches.isEmpty)
        #expect(bench.scheduler.counters.stale == 1)
        #expect(bench.say(Bench.result(second)).batches.count == 1)
    }

    @Test("A result whose acknowledgement was lost lands again, and is acknowledged by that")
    func ackLost() throws {
        var bench = SchedulerBench.loaded(draws: 4)
        let lease = try #require(bench.hello().leases.first)
        let batch = try #require(bench.say(Bench.result(lease)).batches.first)
        bench.handle(.landed(batch.id, Bench.receipt))
        let again = bench.say(Bench.result(lease))
        #expect(again.acks.isEmpty)
        let second = try #require(again.batches.first)
        #expect(bench.say(Bench.result(lease)).batches.isEmpty)
        #expect(
            bench.handle(.landed(second.id, Bench.receipt)).acks
                == [ResultName(lease: lease.name, part: 0)])
        #expect(bench.scheduler.load.inFlightItems == 2)
    }

    @Test("A result of a run that ended is acknowledged: nobody wants it")
    func endedRun() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        #expect(bench.handle(.runs([])).cancels == [lease.name])
        let effects = bench.say(Bench.result(lease))
        #expect(effects.acks.count == 1)
        #expect(effects.batches.isEmpty)
        #expect(bench.scheduler.isQuiet)
    }

    @Test("What came before its run ended still lands")
    func unlandedPartsOfEndedRun() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let batch = try #require(
            bench.say(Bench.result(lease, part: 0, items: [0])).batches.first)
        #expect(bench.handle(.runs([])).cancels == [lease.name])
        #expect(bench.scheduler.load.inFlightItems == 1)
        let landed = bench.handle(.landed(batch.id, Bench.receipt))
        #expect(landed.acks == [ResultName(lease: lease.name, part: 0)])
        #expect(bench.scheduler.isQuiet)
        #expect(bench.scheduler.load.tasks == 0)
    }

    @Test(
        "What makes no sense is never landed",
        arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(reward: Double) throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let effects = bench.say(Bench.result(lease, reward: reward))
        #expect(effects.batches.isEmpty)
        #expect(effects.rejections.map(\.0) == [ResultName(lease: lease.name, part: 0)])
        #expect(bench.scheduler.counters.rejected == 1)
    }

    @Test("A failure lands as it is")
    func failure() throws {
        var bench = SchedulerBench.loaded(draws: 2)
        let lease = try #require(bench.hello().leases.first)
        let failure = Failure(stage: .scoring, code: .malformed, message: "no", attempts: 3)
        let items = lease.items.map { item in
            var result = ItemResult(name: item.name)
            result.failure = failure
            result.seed = lease.seedBase + UInt64(item.name.index)
            result.completion = Completion(
                text: "", tokenCount: nil, finishReason: .stop, logProbability: nil)
            return result
        }
        let effects = bench.say(
            .result(
                TaskResult(claim: lease.claim, part: 0, items: items)))
        #expect(effects.batches.first?.groups.first?.items.map(\.failure) == [failure, failure])
    }

    @Test("Kept or not depends on the lease, never on the content")
    func outcomeBlind() throws {
        for reward in [-1e9, 0, 1e9] {
            var bench = SchedulerBench.loaded(draws: 2)
            let lease = try #require(bench.hello().leases.first)
            let batch = try #require(bench.say(Bench.result(lease, reward: reward)).batches.first)
            #expect(batch.groups.flatMap(\.items).map(\.reward) == [reward, reward])
        }
    }
}
