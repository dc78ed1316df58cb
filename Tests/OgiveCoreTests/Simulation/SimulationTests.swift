import OgiveTesting
import Testing

@Suite("Simulated runs under faults")
struct SimulationTests {
    @Test("Without faults exactly N items land, and nothing is stale")
    func undisturbed() {
        var simulation = Simulation(seed: 1, options: SimulationOptions())
        let outcome = simulation.run()
        #expect(outcome.violations == [])
        #expect(outcome.stale == 0)
    }

    @Test(
        "Whatever happens, exactly N items land, once, and acknowledged only then",
        arguments: 0..<16)
    func survives(block: UInt64) {
        for seed in (block * 20)..<(block * 20 + 20) {
            var simulation = Simulation(seed: seed)
            let outcome = simulation.run()
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
}
