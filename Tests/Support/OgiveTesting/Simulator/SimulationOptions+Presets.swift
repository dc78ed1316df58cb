extension SimulationOptions {
    /// A fleet of workers that begin all at once, as the jobs of an array do, and of which three
    /// times all end at once. Besides, workers die, messages are lost, and the coordinator is
    /// replaced, sometimes while it still runs.
    package init(fleet workers: Int) {
        self.init()
        self.workers = workers
        prompts = 6 * workers
        draws = 4
        // One key has half of the places alone.
        keys = 4
        startsAtOnce = true
        massEnds = 3
        workerCrashes = Double(workers) / 100
        coordinatorCrashes = 2
        zombies = true
        loss = 0.01
        taskMax = 3_000
    }

    /// The options of a seed, with several coordinators that lead other runs each: at least as many
    /// runs as that, or three, and runs that go to other coordinators.
    package init(seed: UInt64, coordinators: Int) {
        self.init(seed: seed)
        self.coordinators = coordinators
        runs = max(runs, min(3, coordinators))
        var random = SeededRandom(seed: seed ^ 0x5EA7_5EA7)
        regroupings = random.chance(0.7) ? Double.random(in: 0...4, using: &random) : 0
    }
}
