import OgiveCore
import Testing

@Suite("Scheduler: memory and messages", .timeLimit(.minutes(10)))
struct SchedulerMemoryTests {
    typealias Bench = SchedulerBench

    @Test("Deadlines of leases that are over do not pile up")
    func deadlines() throws {
        var bench = SchedulerBench { $0.leaseDuration = .seconds(900) }
        bench.handle(.runs([Bench.boundRun(draws: 1)]))
        bench.hello(credit: 1)
        for prompt in 1...5_000 {
            let effects = bench.page(Bench.pending(prompt...prompt, draws: 1), next: Int64(prompt))
            let lease = try #require(effects.leases.first)
            let batch = try #require(bench.say(Bench.result(lease)).batches.first)
            bench.handle(.landed(batch.id, Bench.receipt))
        }
        #expect(bench.scheduler.load.deadlines <= 1_024 + 2)
    }

    @Test("A lease that goes on keeps its deadline when others are cleared away")
    func deadlineKept() throws {
        var bench = SchedulerBench { $0.leaseDuration = .seconds(900) }
        bench.handle(.runs([Bench.boundRun(draws: 1)]))
        bench.hello(credit: 2)
        let slow = bench.page(Bench.pending(1...1, draws: 1), next: 1).leases
        #expect(slow.count == 1)
        for prompt in 2...3_000 {
            let effects = bench.page(Bench.pending(prompt...prompt, draws: 1), next: Int64(prompt))
            let lease = try #require(effects.leases.first)
            let batch = try #require(bench.say(Bench.result(lease)).batches.first)
            bench.handle(.landed(batch.id, Bench.receipt))
        }
        bench.say(.heartbeat, after: .seconds(899))
        #expect(bench.handle(.tick).cancels.isEmpty)
        bench.say(.heartbeat, after: .seconds(1))
        #expect(bench.scheduler.counters.expired == 1)
    }

    @Test("What one commit lands is acknowledged in one message to each worker")
    func acknowledgements() throws {
        var bench = SchedulerBench.loaded(prompts: 3, draws: 1) {
            $0.landingItems = 3
            $0.landingDelay = .seconds(1)
        }
        let mine = bench.hello(credit: 2).leases
        let other = try #require(bench.hello(from: 2, credit: 1).leases.first)
        bench.say(Bench.result(mine[0]))
        bench.say(Bench.result(other), from: 2)
        let batch = try #require(bench.say(Bench.result(mine[1])).batches.first)
        let sent = bench.handle(.landed(batch.id, Bench.receipt)).sent.filter {
            if case .acks = $0.message { true } else { false }
        }
        #expect(sent.map(\.worker) == [Bench.worker(1), Bench.worker(2)])
        #expect(
            sent.first?.message
                == .acks(mine.map { ResultName(lease: $0.name, part: 0) }))
    }
}
