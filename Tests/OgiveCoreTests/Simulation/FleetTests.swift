import OgiveCore
import OgiveTesting
import Testing

/// Many workers: `simulate --workers 10000` is the same with more of them.
@Suite("A simulated fleet", .timeLimit(.minutes(10)))
struct FleetTests {
    @Test("All begin at once, and three times all end at once: exactly N items land")
    func fleet() {
        let workers = 150
        var simulation = Simulation(seed: 1, options: SimulationOptions(fleet: workers))
        let outcome = simulation.run()
        #expect(outcome.violations == [])
        #expect(outcome.counts.massEnds == 3)
        #expect(outcome.work.workers >= 2 * workers)
        // Four draws of each prompt, and two candidates twice of every third.
        #expect(outcome.work.items[RunID(1)] == 6 * workers * 4 + 2 * workers * 4)
        #expect(outcome.counts.workersCrashed > 0 && outcome.counts.coordinatorsReplaced > 0)
    }
}
