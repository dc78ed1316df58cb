import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: a run whose leases come back slowly", .timeLimit(.minutes(10)))
struct SchedulerSlowRunTests {
    typealias Bench = SchedulerBench

    /// Two runs with these weights, and much to do of each.
    private func loaded(_ weights: [Double]) -> SchedulerBench {
        var bench = SchedulerBench { $0.drawsPerTask = 1 }
        let runs = weights.enumerated().map { number, weight in
            var run = Bench.boundRun(id: Int64(number + 1), draws: 8)
            run.spec.weight = weight
            run.sampling = SamplingID(Int64(number + 1))
            run.scoring = ScoringID(Int64(number + 1))
            return run
        }
        bench.handle(.runs(runs))
        for run in runs {
            bench.page(Bench.pending(1...8, draws: 8), run: run.id.rawValue)
        }
        return bench
    }

    @Test("It holds its share of a worker's leases, and the other run goes on", arguments: [1, 3])
    func goesOn(weight: Int) throws {
        var bench = loaded([Double(weight), 1])
        var open = bench.hello(credit: 8).leases
        let slow = 8 * weight / (weight + 1)
        #expect(open.count { $0.run == RunID(1) } == slow)
        // The results of the first run do not come.
        var done = 0
        while done < 20, let next = open.firstIndex(where: { $0.run == RunID(2) }) {
            open += bench.say(Bench.result(open.remove(at: next))).leases
            done += 1
        }
        #expect(done == 20)
        #expect(open.count { $0.run == RunID(1) } == slow)
    }

    @Test("A run that is alone with work gets all leases")
    func alone() {
        var bench = SchedulerBench { $0.drawsPerTask = 1 }
        var other = Bench.boundRun(id: 2, draws: 8)
        other.sampling = SamplingID(2)
        other.scoring = ScoringID(2)
        bench.handle(.runs([Bench.boundRun(id: 1, draws: 8), other]))
        bench.page(Bench.pending(1...4, draws: 8), run: 1)
        #expect(bench.hello(credit: 8).leases.count { $0.run == RunID(1) } == 8)
    }
}
