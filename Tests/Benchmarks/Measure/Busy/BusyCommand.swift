internal import ArgumentParser
internal import OgiveCore

/// `measure busy`: how busy a fleet is.
struct BusyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "busy",
        abstract: "Slot-time that is busy, against greedy list scheduling of the same draws.")

    @Option(help: "Slots of all workers, in workers of eight.")
    var slots = 10_000

    @Option(help: "Draws, of ten seconds in the mean.")
    var draws = 400_000

    @Option(help: "A message's way in milliseconds, one way.")
    var latency = 1

    @Option(help: "The database's time for a page or a landing, in milliseconds.")
    var databaseTime = 20

    @Option(help: "Leases that wait in each worker; default: those of the worker's defaults.")
    var prefetch: Int?

    @Option(help: "The first of three seeds.")
    var seed: UInt64 = 1

    /// What was found under one law.
    struct Found: Encodable {
        let law: String
        let seed: UInt64
        let slots: Int
        let draws: Int
        let latencyMilliseconds: Int
        let databaseMilliseconds: Int
        let prefetch: Int
        /// Work that was done as a share of the slot-time until everything was done.
        let busy: Double
        /// The same of greedy list scheduling.
        let bound: Double
        /// The first as a share of the second.
        let ratio: Double
        /// The same where time ends when the last draw is begun: without the tail.
        let ratioWithoutTail: Double
        let makespanSeconds: Double
        let boundSeconds: Double
        let events: Int
    }

    func run() throws {
        try Measure.print(
            (seed..<seed + 3).flatMap { seed in
                BusyPlan.Law.allCases.map { find($0, seed) }
            })
    }

    private func find(_ law: BusyPlan.Law, _ seed: UInt64) -> Found {
        var plan = BusyPlan(law: law, slots: slots, draws: draws, seed: seed)
        plan.latency = .milliseconds(latency)
        plan.databaseTime = .milliseconds(databaseTime)
        plan.prefetch = prefetch ?? plan.prefetch
        var fleet = BusyFleet(plan)
        fleet.run()
        let best = ListSchedule(plan.durations, slots: plan.slots, grace: plan.grace)
        let work = plan.durations.reduce(Duration.zero, +)
        let time = ListSchedule.slotTime(of: plan.slots, until: fleet.end)
        let least = ListSchedule.slotTime(of: plan.slots, until: best.end)
        let begun = ListSchedule.slotTime(of: plan.slots, until: fleet.lastBegin)
        let leastBegun = ListSchedule.slotTime(of: plan.slots, until: best.lastBegin)
        return Found(
            law: law.rawValue, seed: seed, slots: slots, draws: draws,
            latencyMilliseconds: latency, databaseMilliseconds: databaseTime,
            prefetch: plan.prefetch, busy: work / time, bound: work / least, ratio: least / time,
            ratioWithoutTail: leastBegun / begun, makespanSeconds: fleet.end / .seconds(1),
            boundSeconds: best.end / .seconds(1), events: fleet.events)
    }
}
