import OgiveCore
import OgiveTesting
import Testing

/// What workers report of their slots, and the runs that it is charged to.
@Suite(.timeLimit(.minutes(10)))
struct SchedulerLoadTests {
    private static let busy = SlotWait(stage: .sample, side: .policy)
    private static let idle = SlotWait(stage: .score, side: .nothing)

    private static func load(busy: Int, idle: Int = 0, draws: Int = 0) -> WorkerLoad {
        var load = WorkerLoad()
        load.draws = draws
        (load.sampleSlots, load.scoreSlots) = (4, 4)
        load.slotTime[Self.busy] = busy
        load.slotTime[Self.idle] = idle
        return load
    }

    private func report(
        _ bench: inout SchedulerBench, _ load: WorkerLoad, from worker: UInt64 = 1,
        after delay: Duration = .seconds(2)
    ) -> [WorkerRecord] {
        bench.say(.report(load, []), from: worker, after: delay).records
    }

    @Test func `Slot time since the last report goes to the open run, once`() throws {
        var bench = SchedulerBench.loaded()
        bench.hello()
        let first = try #require(report(&bench, Self.load(busy: 700, idle: 300)).first)
        #expect(first.slotTimes.keys.sorted() == [RunID(1)])
        #expect(first.slotTimes[RunID(1)]?[Self.busy] == 700)
        #expect(first.slotTimes[RunID(1)]?.busyShare() == 0.7)
        // A repeated report adds nothing.
        #expect(report(&bench, Self.load(busy: 700, idle: 300)).first?.slotTimes == [:])
        let next = try #require(report(&bench, Self.load(busy: 900, idle: 300)).first)
        #expect(next.slotTimes[RunID(1)]?[Self.busy] == 200)
    }

    @Test func `A worker is charged no more time than its slots had since it came`() throws {
        var bench = SchedulerBench.loaded()
        bench.hello()
        let lie = Self.load(busy: SlotTime.most, idle: 100)
        let first = try #require(report(&bench, lie).first?.slotTimes[RunID(1)])
        // Two seconds, and ten that a report may come too soon, of four slots.
        #expect(first[Self.busy] == 48_000 && first[Self.idle] == 100)
        #expect(report(&bench, lie, after: .seconds(1)).allSatisfy { $0.slotTimes.isEmpty })
        _ = report(&bench, Self.load(busy: 0, idle: 100), after: .seconds(1))
        let again = try #require(report(&bench, lie).first?.slotTimes[RunID(1)])
        #expect(again[Self.busy] == 16_000)
    }

    @Test func `What another coordinator knows is not charged again`() throws {
        var bench = SchedulerBench.loaded()
        bench.say(
            .hello(
                Hello(
                    name: "w", version: "1", offer: SimulatedModel.offer, credit: 1, inFlight: [],
                    reported: Self.load(busy: 5000))), term: 0)
        let record = try #require(report(&bench, Self.load(busy: 5600)).first)
        #expect(record.slotTimes[RunID(1)]?[Self.busy] == 600)
    }

    @Test func `Two runs share the time by the leases that the worker has of them`() throws {
        var bench = SchedulerBench()
        let runs = [SchedulerBench.boundRun(id: 1), SchedulerBench.boundRun(id: 2)]
        bench.handle(.runs(runs))
        bench.hello(credit: 3)
        // Without leases, in equal parts.
        let equal = try #require(report(&bench, Self.load(busy: 1000)).first)
        #expect(equal.slotTimes.mapValues { $0[Self.busy] } == [RunID(1): 500, RunID(2): 500])
        bench.page(SchedulerBench.pending(1...3, draws: 2), run: 2)
        let leases = try #require(report(&bench, Self.load(busy: 1600)).first)
        #expect(leases.slotTimes.mapValues { $0[Self.busy] } == [RunID(2): 600])
    }

    @Test func `The end of a run takes the time up to the next report, and no more`() throws {
        var bench = SchedulerBench.loaded()
        bench.hello()
        _ = report(&bench, Self.load(busy: 100))
        bench.handle(.runs([]))
        let last = try #require(report(&bench, Self.load(busy: 150)).first)
        #expect(last.slotTimes[RunID(1)]?[Self.busy] == 50)
        #expect(report(&bench, Self.load(busy: 150, idle: 900)).first?.slotTimes == [:])
    }

    @Test func `A large fleet is recorded more rarely, and loses no time`() throws {
        var bench = SchedulerBench.loaded()
        for worker in 1...130 { bench.hello(from: UInt64(worker)) }
        #expect(report(&bench, Self.load(busy: 10), after: .zero).count == 1)
        #expect(report(&bench, Self.load(busy: 20)).isEmpty)
        #expect(report(&bench, Self.load(busy: 30)).isEmpty)
        let third = try #require(report(&bench, Self.load(busy: 40)).first)
        #expect(third.slotTimes[RunID(1)]?[Self.busy] == 30)
        _ = report(&bench, Self.load(busy: 45))
        let left = try #require(bench.say(.goodbye).records.first)
        #expect(left.state == .left && left.slotTimes[RunID(1)]?[Self.busy] == 5)
    }

    @Test func `Rates are of the last half minute`() throws {
        var bench = SchedulerBench.loaded()
        bench.hello()
        var record: WorkerRecord?
        for step in 1...60 {
            let draws = step <= 30 ? 100 * step : 3000 + step - 30
            record = report(&bench, Self.load(busy: 0, draws: draws)).first
        }
        let load = try #require(record?.load)
        #expect(load.total.draws == 3030)
        #expect((Duration.seconds(15)...Duration.seconds(30)).contains(load.window))
        #expect(load.recent.draws == Int(load.window / .seconds(2)))
    }
}
