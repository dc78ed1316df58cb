import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: landing", .timeLimit(.minutes(10)))
struct SchedulerLandingTests {
    typealias Bench = SchedulerBench

    /// A bench with this many results, each of one item, in batches of `landingItems`.
    private func received(
        _ count: Int, _ adjust: (inout SchedulerLimits) -> Void
    ) -> (SchedulerBench, [LandingBatch]) {
        var bench = SchedulerBench.loaded(draws: count) {
            $0.drawsPerTask = 1
            $0.landingDelay = .seconds(50)
            adjust(&$0)
        }
        var batches: [LandingBatch] = []
        for lease in bench.hello(credit: count).leases {
            batches += bench.say(Bench.result(lease)).batches
        }
        return (bench, batches)
    }

    private let down = StoreError(.unavailable, "down")

    @Test("A batch goes at its size, or at its age")
    func sizeAndAge() {
        var (bench, batches) = received(5) {
            $0.landingDelay = .milliseconds(50)
            $0.landingItems = 2
            $0.landingsMax = 10
        }
        #expect(batches.map { $0.groups.count } == [2, 2])
        #expect(bench.handle(.tick, after: .milliseconds(49)).batches.isEmpty)
        #expect(bench.handle(.tick, after: .milliseconds(1)).batches.map(\.groups.count) == [1])
    }

    @Test("No more batches are on their way than the bound")
    func landingsMax() {
        var (bench, batches) = received(6) {
            $0.landingItems = 1
            $0.landingsMax = 2
        }
        #expect(batches.count == 2)
        #expect(bench.handle(.landed(batches[0].id, Bench.receipt)).batches.count == 1)
    }

    @Test("A batch that did not land, or may have, is sent again as it is after a growing pause")
    func retried() {
        var (bench, batches) = received(2) { $0.landingItems = 2 }
        let batch = batches[0]
        var pause = Duration.milliseconds(200)
        for code in [StoreError.Code.unavailable, .unknownOutcome, .exhausted] {
            let failed = bench.handle(.landingFailed(batch.id, StoreError(code, "no")))
            #expect(failed.pauses == [pause])
            #expect(failed.batches.isEmpty)
            #expect(failed.acks.isEmpty)
            #expect(bench.scheduler.nextTick == bench.now + pause)
            #expect(
                bench.handle(.tick, after: pause - .milliseconds(1)).batches.isEmpty)
            #expect(bench.handle(.tick, after: .milliseconds(1)).batches == [batch])
            pause = pause * 2
        }
        #expect(bench.handle(.landed(batch.id, Bench.receipt)).acks.count == 2)
    }

    @Test("The pause has a bound, and begins small again after a success")
    func pauseMax() {
        var (bench, batches) = received(2) {
            $0.landingItems = 1
            $0.databasePauseMax = .milliseconds(300)
        }
        for expected in [200, 300, 300] {
            let failed = bench.handle(.landingFailed(batches[0].id, down))
            #expect(failed.pauses == [.milliseconds(expected)])
            bench.handle(.tick, after: .milliseconds(300))
        }
        bench.handle(.landed(batches[0].id, Bench.receipt))
        #expect(
            bench.handle(.landingFailed(batches[1].id, down)).pauses == [.milliseconds(200)])
    }

    @Test("While landing pauses nothing is granted and no page is asked for")
    func pausesGranting() {
        var (bench, batches) = received(1) { $0.landingItems = 1 }
        bench.handle(.landingFailed(batches[0].id, down))
        bench.handle(.runs([Bench.boundRun(draws: 3)]))
        #expect(bench.hello(from: 2, credit: 5).leases.isEmpty)
        // Another try is no success yet.
        let again = bench.handle(.tick, after: .milliseconds(200))
        #expect(again.batches == batches)
        #expect(again.pages.isEmpty)
        #expect(bench.handle(.landed(batches[0].id, Bench.receipt)).pages.count == 1)
    }

    @Test("Batches of the same try that fail together lengthen the pause once")
    func pausesOnce() {
        var (bench, batches) = received(2) { $0.landingItems = 1 }
        #expect(batches.count == 2)
        for (batch, pauses) in zip(batches, [[Duration.milliseconds(200)], []]) {
            #expect(bench.handle(.landingFailed(batch.id, down)).pauses == pauses)
        }
        #expect(bench.handle(.tick, after: .milliseconds(200)).batches == batches)
    }

    @Test("Of a refused batch only the culprit fails; the others land as they are")
    func isolated() throws {
        var (bench, batches) = received(4) { $0.landingItems = 4 }
        let culprit = try #require(batches[0].groups[2].items.first?.name)
        let refusal = StoreError(.refused, "value out of range")
        var open = batches
        var landed: [ItemResult] = []
        var acks: [ResultName] = []
        var most = 0
        while let batch = open.popLast() {
            let items = batch.groups.flatMap(\.items)
            let isPoisonous = items.contains { $0.name == culprit && $0.reward != nil }
            if !isPoisonous { landed += items }
            let effects = bench.handle(
                isPoisonous
                    ? .landingFailed(batch.id, refusal) : .landed(batch.id, Bench.receipt))
            acks += effects.acks
            open += effects.batches
            most = max(most, open.count)
        }
        #expect(landed.count == 4)
        #expect(landed.filter { $0.failure != nil }.map(\.name) == [culprit])
        #expect(landed.first { $0.name == culprit }?.failure?.code == .rejected)
        #expect(acks.count == 4)
        #expect(most <= bench.scheduler.limits.landingsMax)
        #expect(bench.scheduler.isQuiet)
    }

    @Test("Of a refused part only the culprit fails, and the part is acknowledged once, at the end")
    func isolatedWithinPart() throws {
        var bench = SchedulerBench.loaded(draws: 4) { $0.drawsPerTask = 4 }
        let lease = try #require(bench.hello().leases.first)
        var open = bench.say(Bench.result(lease)).batches
        var acks: [ResultName] = []
        var failed: [ItemName] = []
        while let batch = open.popLast() {
            let items = batch.groups.flatMap(\.items)
            let isPoisonous = items.contains { $0.name == .draw(1) && $0.reward != nil }
            if !isPoisonous { failed += items.filter { $0.failure != nil }.map(\.name) }
            #expect(acks.isEmpty)
            let effects = bench.handle(
                isPoisonous
                    ? .landingFailed(batch.id, StoreError(.refused, "no"))
                    : .landed(batch.id, Bench.receipt))
            acks += effects.acks
            open += effects.batches
        }
        #expect(failed == [.draw(1)])
        #expect(acks == [ResultName(lease: lease.name, part: 0)])
        #expect(bench.scheduler.isQuiet)
    }

    @Test("Fault 59: a worker's own failure that the database refuses is replaced like any other")
    func refusedFailureOfWorker() throws {
        var bench = SchedulerBench.loaded(draws: 1)
        let lease = try #require(bench.hello().leases.first)
        guard case .result(var result) = Bench.result(lease) else { return }
        result.items[0].reward = nil
        result.items[0].failure = Failure(
            stage: .scoring, code: .rejected, message: "mine", attempts: 1)
        let batch = try #require(bench.say(.result(result)).batches.first)
        let effects = bench.handle(.landingFailed(batch.id, StoreError(.refused, "no")))
        #expect(effects.stops.isEmpty)
        let failure = effects.batches.first?.groups.first?.items.first?.failure
        #expect(failure?.message.hasPrefix("The database refused the result") == true)
    }

    @Test("Results beyond the bytes that may wait are not taken, and are when they come again")
    func deferred() throws {
        var bench = SchedulerBench.loaded(prompts: 8, draws: 1) {
            $0.landingBytesMax = 3_000
            $0.landingBytesFree = 2
        }
        let leases = bench.hello(credit: 4).leases
        #expect(leases.count == 4)
        let batches = bench.say(Self.result(leases[0], characters: 2_000)).batches
        #expect(batches.count == 1)
        let refused = bench.say(Self.result(leases[1], characters: 2_000))
        #expect(refused.batches.isEmpty && refused.acks.isEmpty && refused.rejections.isEmpty)
        #expect(bench.scheduler.counters.deferred == 1)
        #expect(bench.scheduler.load.landingItems == 1)
        // More than half of the bytes wait, all of them this worker's: it is granted nothing.
        #expect(bench.say(.credit(4)).leases.isEmpty)
        #expect(bench.hello(from: 2, credit: 1).leases.count == 1)
        #expect(bench.handle(.landed(batches[0].id, Bench.receipt)).leases.count == 1)
        #expect(bench.say(Self.result(leases[1], characters: 2_000)).batches.count == 1)
    }

    @Test("A result that has to wait for the database begins its lease's time anew")
    func deferredInTime() throws {
        var bench = SchedulerBench.loaded(prompts: 8, draws: 1) {
            $0.landingBytesMax = 3_000
            $0.landingBytesFree = 2
            $0.silenceMax = .seconds(10_000)
            $0.waitMax = .seconds(10_000)
            $0.attemptsMax = 1
        }
        let leases = bench.hello(credit: 2).leases
        let batch = try #require(bench.say(Self.result(leases[0], characters: 2_000)).batches.first)
        for _ in 0..<2_000 {
            let effects = bench.say(Self.result(leases[1], characters: 2_000), after: .seconds(5))
            #expect(effects.cancels.isEmpty && effects.batches.isEmpty)
        }
        #expect(bench.scheduler.counters.expired == 0)
        #expect(bench.scheduler.load.deadlines <= 2_000)
        bench.handle(.landed(batch.id, Bench.receipt))
        let landed = bench.say(Self.result(leases[1], characters: 2_000)).batches
        #expect(landed.first?.groups.first?.items.first?.completion != nil)
    }

    @Test("A worker that does not send again what had to wait loses its lease in time")
    func deferredAndForgotten() throws {
        var bench = SchedulerBench.loaded(prompts: 8, draws: 1) {
            $0.landingBytesMax = 3_000
            $0.landingBytesFree = 2
            $0.silenceMax = .seconds(10_000)
        }
        let leases = bench.hello(credit: 2).leases
        bench.say(Self.result(leases[0], characters: 2_000))
        bench.say(Self.result(leases[1], characters: 2_000), after: .seconds(800))
        #expect(bench.handle(.tick, after: .seconds(899)).cancels.isEmpty)
        #expect(bench.handle(.tick, after: .seconds(1)).cancels == [leases[1].name])
    }

    @Test("Fault 62: a worker that keeps its share full loses its leases in time, uncharged")
    func deferredForEver() throws {
        var bench = SchedulerBench.loaded(prompts: 8, draws: 1) {
            $0.landingBytesMax = 3_000
            $0.landingBytesFree = 2
            $0.silenceMax = .seconds(10_000)
            $0.attemptsMax = 1
        }
        let leases = bench.hello(credit: 2).leases
        bench.say(Self.result(leases[0], characters: 2_000))
        let waiting = Self.result(leases[1], characters: 2_000)
        for _ in 0..<6 { #expect(bench.say(waiting, after: .seconds(800)).cancels.isEmpty) }
        #expect(bench.say(waiting, after: .seconds(800)).cancels == [leases[1].name])
        let again = try #require(bench.hello(from: 2, credit: 1).leases.first)
        #expect(again.name.task == leases[1].name.task)
        #expect(again.name.epoch > leases[1].name.epoch)
    }

    @Test("A late result that has to wait keeps its task from others, as one that is taken does")
    func deferredLate() throws {
        var bench = SchedulerBench.loaded(prompts: 8, draws: 1) {
            $0.landingBytesMax = 3_000
            $0.landingBytesFree = 2
            $0.silenceMax = .seconds(10_000)
        }
        let leases = bench.hello(credit: 2).leases
        let late = Self.result(leases[1], characters: 2_000)
        let batch = try #require(bench.say(Self.result(leases[0], characters: 2_000)).batches.first)
        #expect(bench.handle(.tick, after: .seconds(900)).cancels == [leases[1].name])
        #expect(bench.say(late).batches.isEmpty)
        let other = try #require(bench.hello(from: 2, credit: 1).leases.first)
        #expect(other.name.task != leases[1].name.task)
        bench.handle(.landed(batch.id, Bench.receipt))
        #expect(bench.say(late).batches.count == 1)
    }

    /// A result whose text has so many characters.
    private static func result(_ lease: Lease, characters: Int) -> WorkerMessage {
        guard case .result(var result) = Bench.result(lease) else { return .heartbeat }
        result.items[0].completion?.text = String(repeating: "x", count: characters)
        return .result(result)
    }

    @Test("A worker whose results fill what may wait costs the others nothing")
    func ownShare() throws {
        var bench = SchedulerBench.loaded(prompts: 12, draws: 1) {
            $0.landingBytesMax = 6_000
            $0.landingBytesOfWorker = 6_000
            $0.landingBytesFree = 2_000
            $0.landingsMax = 10
        }
        let greedy = bench.hello(credit: 3).leases
        #expect(greedy.count == 3)
        let batches = bench.say(Self.result(greedy[0], characters: 4_000)).batches
        #expect(bench.say(.credit(6)).leases.isEmpty)
        #expect(bench.say(Self.result(greedy[1], characters: 4_000)).batches.isEmpty)
        let other = bench.hello(from: 2, credit: 3).leases
        #expect(other.count == 3)
        #expect(bench.say(Self.result(other[0], characters: 10), from: 2).batches.count == 1)
        // Beyond its free share it waits as well.
        #expect(bench.say(Self.result(other[1], characters: 4_000), from: 2).batches.isEmpty)
        #expect(bench.scheduler.counters.deferred == 2)
        // What had to wait goes on as soon as there is room.
        #expect(bench.handle(.landed(batches[0].id, Bench.receipt)).leases.count >= 3)
        #expect(bench.say(Self.result(greedy[1], characters: 4_000)).batches.count == 1)
    }

    @Test("Fault 66: the free shares of the workers of one key have a bound together")
    func freeSharesOfKey() throws {
        var bench = SchedulerBench.loaded(prompts: 20, draws: 1) {
            $0.landingBytesMax = 4_000
            $0.landingBytesFree = 1_000
            $0.landingsMax = 20
        }
        for worker in 1...12 as ClosedRange<UInt64> {
            let lease = try #require(bench.hello(from: worker, credit: 1).leases.first)
            bench.say(Self.result(lease, characters: 300), from: worker)
        }
        // 812 bytes each.
        #expect(bench.scheduler.load.landingItems == 4)
        #expect(bench.scheduler.counters.deferred == 8)
    }

    @Test("What the workers of one key send leaves room for those of another")
    func roomForOtherKeys() throws {
        var bench = SchedulerBench.loaded(prompts: 12, draws: 1) {
            $0.landingBytesMax = 12_000
            $0.landingBytesFree = 2
            $0.landingsMax = 20
        }
        let other = try #require(bench.hello(from: 9, credit: 1, key: "two").leases.first)
        for worker in 1...4 as ClosedRange<UInt64> {
            let lease = try #require(
                bench.hello(from: worker, credit: 1, key: "one").leases.first)
            bench.say(Self.result(lease, characters: 2_488), from: worker, key: "one")
        }
        // 3 000 bytes each, and half of what may wait.
        #expect(bench.scheduler.counters.deferred == 2)
        let batches = bench.say(Self.result(other, characters: 2_488), from: 9, key: "two").batches
        #expect(batches.count == 1)
    }

    @Test("Fault 70: large results land one batch at a time; others do not wait for them")
    func largeApart() throws {
        var bench = SchedulerBench.loaded(prompts: 6, draws: 1) {
            $0.largeResultBytes = 3_000
            $0.landingBytes = 3_000
            $0.landingItems = 1
            $0.landingsMax = 3
        }
        let leases = bench.hello(credit: 6).leases
        let first = bench.say(Self.result(leases[0], characters: 4_000)).batches
        #expect(first.count == 1)
        #expect(bench.say(Self.result(leases[1], characters: 4_000)).batches.isEmpty)
        // The small ones take the places that are left; none is left for a third.
        #expect(bench.say(Self.result(leases[2], characters: 10)).batches.count == 1)
        let last = bench.say(Self.result(leases[3], characters: 10)).batches
        #expect(last.count == 1)
        #expect(bench.say(Self.result(leases[4], characters: 10)).batches.isEmpty)
        #expect(bench.handle(.landed(last[0].id, Bench.receipt)).batches.count == 1)
        // The second large one follows the first.
        let next = bench.handle(.landed(first[0].id, Bench.receipt)).batches
        let acks = bench.handle(.landed(try #require(next.first).id, Bench.receipt)).acks
        #expect(acks.map(\.lease) == [leases[1].name])
    }

    @Test("Fault 70: pieces of a large batch that is refused land one at a time, beside others")
    func largeIsolated() throws {
        var bench = SchedulerBench.loaded(prompts: 6, draws: 1) {
            $0.largeResultBytes = 3_000
            $0.landingDelay = .seconds(1)
            $0.landingsMax = 3
        }
        let leases = bench.hello(credit: 6).leases
        for lease in leases.prefix(4) { bench.say(Self.result(lease, characters: 4_000)) }
        let whole = try #require(bench.handle(.tick, after: .seconds(1)).batches.first)
        #expect(whole.groups.count == 4)
        let refused = bench.handle(.landingFailed(whole.id, StoreError(.refused, "no"))).batches
        #expect(refused.map { $0.groups.count } == [2])
        bench.say(Self.result(leases[4], characters: 10))
        #expect(bench.handle(.tick, after: .seconds(1)).batches.count == 1)
        let half = try #require(refused.first)
        let next = bench.handle(.landed(half.id, Bench.receipt)).batches
        #expect(next.map { $0.groups.count } == [2])
    }

    @Test("Fault 67: what has landed and is sent again takes half of the places of results")
    func repeatsLeaveRoom() throws {
        var bench = SchedulerBench.loaded(prompts: 6, draws: 1) { $0.windowItems = 4 }
        let leases = bench.hello(credit: 4).leases
        bench.say(.credit(0))
        for lease in leases {
            let batch = try #require(bench.say(Bench.result(lease)).batches.first)
            bench.handle(.landed(batch.id, Bench.receipt))
        }
        for lease in leases { bench.say(Bench.result(lease)) }
        #expect(bench.scheduler.load.landingItems == 2)
        #expect(bench.scheduler.counters.deferred == 2)
        #expect(bench.say(.credit(1)).leases.count == 1)
    }

    @Test("A batch goes at its bytes, and holds about as many")
    func bytesOfBatch() {
        let (_, batches) = received(6) {
            $0.landingBytes = 1_000
            $0.landingsMax = 10
        }
        #expect(batches.map { $0.groups.count } == [2, 2, 2])
    }

    @Test(
        "When even the failure is refused, the coordinator stops",
        arguments: [StoreError.Code.refused, .forbidden])
    func refusedFailure(code: StoreError.Code) {
        var (bench, batches) = received(1) { $0.landingItems = 1 }
        let refusal = StoreError(code, "no")
        let second = bench.handle(.landingFailed(batches[0].id, refusal)).batches
        #expect(second.count == 1)
        let stops = bench.handle(.landingFailed(second[0].id, refusal)).stops
        #expect(stops.map(\.code) == [code])
    }

    @Test("A stale term, a wrong schema and a conflict stop the coordinator")
    func stops() {
        for code in [StoreError.Code.staleTerm, .schema, .conflict] {
            var (bench, batches) = received(1) { $0.landingItems = 1 }
            let stops = bench.handle(.landingFailed(batches[0].id, StoreError(code, "no"))).stops
            #expect(stops.map(\.code) == [code])
        }
        var bench = SchedulerBench()
        let stops = bench.handle(.superseded(StoreError(.staleTerm, "no"))).stops
        #expect(stops.map(\.code) == [.staleTerm])
    }

    @Test("An answer to a batch that is not there changes nothing")
    func unknownBatch() {
        var bench = SchedulerBench.loaded()
        #expect(bench.handle(.landed(BatchID(99), Bench.receipt)).isEmpty)
        #expect(bench.handle(.landingFailed(BatchID(99), down)).isEmpty)
    }
}
