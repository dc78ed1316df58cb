import OgiveCore
import OgiveTesting
import Testing

/// How many workers a coordinator knows at once.
@Suite("Scheduler: places of workers", .timeLimit(.minutes(10)))
struct SchedulerPlacesTests {
    typealias Bench = SchedulerBench

    /// A bench for so many workers, each of which has a lease to get.
    private func bench(places: Int) -> SchedulerBench {
        Bench.loaded(prompts: 40, draws: 2) { $0.workersMax = places }
    }

    @Test("Fault 71: beyond the places of all a worker is told to wait, and begins when one leaves")
    func total() throws {
        var bench = bench(places: 4)
        for worker in 1...4 as ClosedRange<UInt64> {
            let key = worker < 3 ? "one" : "two"
            #expect(bench.hello(from: worker, key: key).leases.count == 1)
        }
        for _ in 0..<100 {
            let effects = bench.hello(from: 5, key: "three")
            #expect(effects.welcome == nil && effects.leases.isEmpty && effects.records.isEmpty)
            let reason = try #require(effects.idleReason)
            #expect(reason.contains("has 4 workers") && reason.contains("waits"))
        }
        #expect(bench.scheduler.load.workers == 4)
        // Who is known goes on, and may say hello again.
        #expect(bench.hello(from: 1, key: "one").welcome != nil)
        bench.say(.goodbye, from: 2, key: "one")
        // Its place is free when its name is: else names could follow each other without end.
        #expect(bench.hello(from: 5, key: "three").welcome == nil)
        for _ in 0..<2 {
            for worker in [1, 3, 4] as [UInt64] { bench.say(.heartbeat, from: worker) }
            bench.handle(.tick, after: .seconds(5))
        }
        #expect(bench.hello(from: 5, key: "three").welcome != nil)
        #expect(bench.hello(from: 6, key: "three").welcome == nil)
    }

    @Test("Fault 71: the workers of one key take half of the places, and no more")
    func ofOneKey() throws {
        var bench = bench(places: 4)
        for worker in 1...2 as ClosedRange<UInt64> {
            #expect(bench.hello(from: worker, key: "one").welcome != nil)
        }
        let effects = bench.hello(from: 3, key: "one")
        #expect(effects.welcome == nil)
        #expect(effects.idleReason?.contains("2 workers of one key") == true)
        #expect(bench.hello(from: 4, key: "two").welcome != nil)
        // One that falls silent gives its place back.
        bench.handle(.tick, after: .seconds(10))
        #expect(bench.scheduler.load.workers == 0)
        #expect(bench.hello(from: 3, key: "one").welcome != nil)
        #expect(bench.hello(from: 5, key: "one").welcome != nil)
        #expect(bench.hello(from: 6, key: "one").welcome == nil)
    }

    @Test("Workers that wait for the first list of runs have places, and keep them")
    func greetings() {
        var bench = SchedulerBench { $0.workersMax = 4 }
        for _ in 0..<2 {
            for worker in 1...2 as ClosedRange<UInt64> {
                #expect(bench.hello(from: worker, key: "one").isEmpty)
            }
        }
        #expect(bench.hello(from: 3, key: "one").idleReason != nil)
        #expect(bench.hello(from: 4, key: "two").isEmpty)
        let effects = bench.handle(.runs([Bench.boundRun()]))
        let welcomed = effects.sent.filter {
            if case .welcome = $0.message { true } else { false }
        }
        #expect(welcomed.map(\.worker.low) == [1, 2, 4])
        #expect(bench.hello(from: 3, key: "one").welcome == nil)
        #expect(bench.hello(from: 5, key: "two").welcome != nil)
        #expect(bench.hello(from: 6, key: "three").welcome == nil)
    }
}
