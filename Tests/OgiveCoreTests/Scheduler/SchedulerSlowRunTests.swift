import OgiveCore
import OgiveTesting
import Testing

@Suite("Scheduler: a run whose leases wait for its scorer", .timeLimit(.minutes(10)))
struct SchedulerSlowRunTests {
    typealias Bench = SchedulerBench

    /// Two runs with these weights, and much to do of each.
    private func loaded(_ weights: [Double] = [1, 1]) -> SchedulerBench {
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
            bench.page(Bench.pending(1...40, draws: 8), run: run.id.rawValue)
        }
        return bench
    }

    @Test("Leases that wait leave the credit to the other run, and their run gets no more of it")
    func leavesRoom() {
        var bench = loaded([3, 1])
        var open = bench.hello(credit: 8).leases
        #expect(open.count { $0.run == RunID(1) } == 6)
        // The six wait for their scorer: two more of the same run reach its bound.
        open += bench.say(.crowded(8, unscored: 6)).leases
        #expect(open.count == 14)
        #expect(open.count { $0.run == RunID(1) } == 8)
        open += bench.say(.crowded(8, unscored: 8)).leases
        #expect(open.count == 16)
        #expect(open.count { $0.run == RunID(1) } == 8)
        for _ in 0..<50 {
            guard let next = open.firstIndex(where: { $0.run == RunID(2) }) else { break }
            let granted = bench.say(Bench.result(open.remove(at: next))).leases
            #expect(granted.map(\.run) == [RunID(2)])
            open += granted
        }
    }

    @Test("A run that waited does not get all later leases for what it missed")
    func losesClaim() {
        var bench = loaded()
        var open = bench.hello(credit: 4).leases
        open += bench.say(.crowded(4, unscored: 4)).leases
        for _ in 0..<60 {
            guard let next = open.firstIndex(where: { $0.run == RunID(2) }) else { break }
            open += bench.say(Bench.result(open.remove(at: next))).leases
        }
        // Its scorer is quick again.
        for lease in open.filter({ $0.run == RunID(1) }) { bench.say(Bench.result(lease)) }
        let later = bench.say(.credit(40)).leases
        let difference = later.count { $0.run == RunID(1) } - later.count { $0.run == RunID(2) }
        #expect(later.count > 20)
        #expect(abs(difference) <= 8, "\(difference) of \(later.count)")
    }

    @Test("A claim that is lost at one worker is kept at others, which serve other runs")
    func losesClaimHereAlone() {
        for weight in [1, 0.01] {
            var bench = loaded([1, weight, 1])
            // The first worker serves runs 1 and 2, and those of run 1 wait for their scorer; the
            // second one serves runs 1 and 3.
            for (worker, other) in [(1, 3), (2, 2)] {
                bench.hello(from: UInt64(worker), credit: 0)
                bench.say(
                    .declined(RunID(Int64(other)), reason: "no such model", []),
                    from: UInt64(worker))
            }
            var crowded = bench.say(.crowded(8, unscored: 8), from: 1).leases
            var open = bench.say(.credit(4), from: 2).leases
            var granted: [RunID: Int] = [:]
            for _ in 0..<60 {
                if let next = crowded.firstIndex(where: { $0.run == RunID(2) }) {
                    crowded += bench.say(Bench.result(crowded.remove(at: next)), from: 1).leases
                }
                guard !open.isEmpty else { break }
                let next = bench.say(Bench.result(open.removeFirst()), from: 2).leases
                for lease in next { granted[lease.run, default: 0] += 1 }
                open += next
            }
            let share = Double(granted[RunID(1)] ?? 0) / 60
            #expect(share > 0.4 && share < 0.6, "\(granted) with weight \(weight)")
        }
    }

    @Test("What a worker says that waits is bounded")
    func bound() {
        var bench = loaded()
        #expect(bench.hello(credit: 2).leases.count == 2)
        bench.say(.crowded(2, unscored: .max))
        #expect(bench.scheduler.leases(of: Bench.worker(1))?.credit == 2 + 512)
        #expect(bench.scheduler.leases(of: Bench.worker(1))?.held == 4)
        bench.say(.crowded(2, unscored: -5))
        #expect(bench.scheduler.leases(of: Bench.worker(1))?.credit == 2)
    }

    @Test("Runs whose draws keep a slot for different times share the time by weight")
    func slotTime() {
        var bench = loaded()
        var open = bench.hello(credit: 4).leases
        var granted: [RunID: Int] = [:]
        for _ in 0..<200 {
            let lease = open.removeFirst()
            guard case .result(var result) = Bench.result(lease) else { return }
            let seconds = lease.run == RunID(1) ? 4 : 1
            result.items[0].sampleDuration = .seconds(seconds)
            let next = bench.say(.result(result)).leases
            for lease in next { granted[lease.run, default: 0] += 1 }
            open += next
        }
        let ratio = Double(granted[RunID(2)] ?? 0) / Double(granted[RunID(1)] ?? 1)
        #expect(abs(ratio - 4) <= 0.5, "\(granted)")
    }
}
