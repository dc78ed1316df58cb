import OgiveCore
import OgiveTesting
import Testing

/// The design of the page Past one coordinator: coordinators that share a database, with a term for
/// each run.
@Suite("Simulated coordinators that lead other runs each", .timeLimit(.minutes(10)))
struct SeveralCoordinatorsTests {
    @Test("Whatever happens, no rule is broken and everything lands", arguments: 2...3)
    func survives(coordinators: Int) {
        var happened = SimulationCounts()
        for seed in 1...60 as ClosedRange<UInt64> {
            let options = SimulationOptions(seed: seed, coordinators: coordinators)
            let outcome = Simulation.check(seed: seed, options: options)
            #expect(outcome.violations == [], "seed \(seed), after \(outcome.steps) steps")
            happened.regroupings += outcome.counts.regroupings
            happened.staleTermsRefused += outcome.counts.staleTermsRefused
            happened.coordinatorsReplaced += outcome.counts.coordinatorsReplaced
            happened.adopted += outcome.counts.adopted
            happened.workersMoved += outcome.counts.workersMoved
        }
        #expect(happened.regroupings > 0 && happened.staleTermsRefused > 0)
        #expect(happened.coordinatorsReplaced > 0 && happened.adopted > 0)
        #expect(happened.workersMoved > 0)
    }

    @Test("Runs that go to other coordinators all the time come to their end")
    func regroups() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var options = SimulationOptions()
            options.coordinators = 3
            options.runs = 3
            options.workers = 6
            options.prompts = 60
            options.regroupings = 6
            options.zombies = true
            let outcome = Simulation.check(seed: seed, options: options)
            #expect(outcome.violations == [], "seed \(seed)")
            #expect(outcome.counts.regroupings > 2)
        }
    }

    @Test("The workers of a coordinator whose runs ended go to the others")
    func moves() {
        var options = SimulationOptions()
        options.coordinators = 2
        options.runs = 2
        options.workers = 8
        options.prompts = 200
        let outcome = Simulation.check(seed: 2, options: options)
        #expect(outcome.violations == [])
        #expect(outcome.counts.workersMoved >= 2)
    }

    #if DEBUG
        @Test(
            "Without a guard, a seed fails",
            arguments: [Guard.databaseTerm, .term, .once, .epoch, .ackAfterCommit])
        func sees(guarding: Guard) {
            for seed in 1...500 as ClosedRange<UInt64> {
                let options = SimulationOptions(seed: seed, coordinators: 2)
                let outcome = Simulation.check(seed: seed, options: options, without: guarding)
                if let violation = outcome.violations.first {
                    print("without \(guarding.rawValue): seed \(seed): \(violation)")
                    return
                }
            }
            Issue.record("500 seeds are clean without \(guarding.rawValue)")
        }
    #endif
}
