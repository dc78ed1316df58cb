import FoundationEssentials
import OgiveCore
import OgiveTesting
import Testing

@Suite("Simulated runs under faults", .timeLimit(.minutes(10)))
struct SimulationTests {
    @Test("Without faults exactly N items land, and nothing is lost, late or stale")
    func undisturbed() {
        for isDeterministic in [true, false] {
            var options = SimulationOptions()
            options.runs = 3
            options.delayMax = 1
            options.isDeterministic = isDeterministic
            let outcome = Simulation.check(seed: 1, options: options)
            #expect(outcome.violations == [])
            #expect(outcome.counts == SimulationCounts())
        }
    }

    @Test("What is stored is scored anew, however often it is asked for, and nothing sampled")
    func rescores() {
        for runs in 1...3 {
            var options = SimulationOptions()
            options.runs = runs
            options.rescorings = 2
            let outcome = Simulation.check(seed: UInt64(runs), options: options)
            #expect(outcome.violations == [])
            #expect(outcome.counts.rescorings == 3)
            #expect(outcome.outcomes.keys.contains(ScoringID(4)))
            #expect(outcome.counts.duplicates == 0)
        }
    }

    @Test("An adaptive run gets the same draws whatever happens, a rescoring of it as well")
    func adapts() {
        for seed in 1...12 as ClosedRange<UInt64> {
            var options = SimulationOptions(seed: seed)
            options.isDeterministic = true
            options.runs = 1 + Int(seed % 3)
            options.rescorings = seed % 2 == 0 ? 1 : 0
            options.growth = 4
            options.precision = seed % 4 == 3 ? nil : 0.12
            options.allocation = seed % 4 == 3 ? 2 : nil
            let outcome = Simulation.check(seed: seed, options: options)
            #expect(outcome.violations == [], "seed \(seed)")
            #expect(outcome.counts.targetsRaised > 0)
        }
    }

    @Test("Whatever happens, no rule is broken and everything lands", arguments: 0..<16)
    func survives(block: UInt64) {
        for seed in (block * 20)..<(block * 20 + 20) {
            let outcome = Simulation.check(seed: seed)
            #expect(outcome.violations == [], "seed \(seed), after \(outcome.steps) steps")
        }
    }

    @Test("A seed run twice gives the same trace", arguments: [3, 77, 4_711] as [UInt64])
    func repeats(seed: UInt64) {
        var first = Simulation(seed: seed)
        var second = Simulation(seed: seed)
        var other = Simulation(seed: seed + 1)
        let outcome = first.run()
        #expect(outcome == second.run())
        #expect(outcome.trace != other.run().trace)
    }

    @Test("A seed with its options written down and read again gives the same trace")
    func optionsRoundTrip() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let options = SimulationOptions(seed: seed)
            let data = try JSONEncoder().encode(options)
            #expect(try JSONDecoder().decode(SimulationOptions.self, from: data) == options)
        }
        let empty = try JSONDecoder().decode(SimulationOptions.self, from: Data("{}".utf8))
        #expect(empty == SimulationOptions())
        var drawn = Simulation(seed: 5)
        var given = Simulation(seed: 5, options: SimulationOptions(seed: 5))
        #expect(drawn.run() == given.run())
    }

    @Test("Seeds that failed once are clean")
    func corpus() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let text = try String(
            contentsOf: folder.appending(path: "corpus.jsonl"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines {
            let noted = try JSONDecoder().decode(SimulationCase.self, from: Data(line.utf8))
            let outcome = Simulation.check(seed: noted.seed, options: noted.options)
            #expect(outcome.violations == [], "seed \(noted.seed): \(noted.why)")
        }
    }

    @Test("Contents that are swapped are other contents")
    func contentsDiffer() {
        var options = SimulationOptions()
        options.isDeterministic = false
        var plain = Simulation(seed: 9, options: options)
        var swapped = Simulation(seed: 9, options: options, isSwapped: true)
        let first = plain.run()
        let second = swapped.run()
        #expect(first.outcomes != second.outcomes)
        #expect(first.trace == second.trace)
    }
}
