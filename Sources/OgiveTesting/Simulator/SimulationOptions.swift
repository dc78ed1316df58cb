internal import OgiveCore

/// What a simulated run is like and what befalls it. Every seed has its own.
package struct SimulationOptions: Hashable, Sendable {
    /// Number of prompts.
    package var prompts = 8
    /// Draws of each prompt.
    package var draws = 6
    /// Number of workers.
    package var workers = 3
    /// Share of messages that are lost.
    package var loss = 0.0
    /// Share of messages that arrive twice.
    package var duplication = 0.0
    /// Longest delay of a message, in milliseconds; messages overtake each other.
    package var delayMax = 20
    /// Share of commits that fail, and of those whose reply is lost.
    package var commitFailure = 0.0
    /// Share of commits that take seconds.
    package var commitSlowness = 0.0
    /// Share of tasks on which a worker hangs.
    package var hanging = 0.0
    /// Mean number of crashes of a worker in the time of faults.
    package var workerCrashes = 0.0
    /// Mean number of pauses of a worker (stopped, then continued).
    package var workerPauses = 0.0
    /// Mean number of new coordinators.
    package var coordinatorCrashes = 0.0
    /// Whether a former coordinator goes on for a while beside its successor.
    package var zombies = false
    /// Mean number of drained workers.
    package var drains = 0.0
    /// How long faults go on.
    package var faultTime = Duration.seconds(8)
    /// After this much time without faults everything must be landed.
    package var healTime = Duration.seconds(60)

    /// Nothing bad happens.
    package init() {}

    /// Draws the options of a seed.
    package init(using random: inout SplitMix64) {
        prompts = Int.random(in: 2...10, using: &random)
        draws = Int.random(in: 1...9, using: &random)
        workers = Int.random(in: 1...4, using: &random)
        loss = Self.maybe(0.3, &random)
        duplication = Self.maybe(0.3, &random)
        delayMax = random.chance(0.5) ? 10 : Int.random(in: 10...1_500, using: &random)
        commitFailure = Self.maybe(0.5, &random)
        commitSlowness = Self.maybe(0.3, &random)
        hanging = Self.maybe(0.2, &random)
        workerCrashes = Self.maybe(4, &random)
        workerPauses = Self.maybe(4, &random)
        coordinatorCrashes = Self.maybe(4, &random)
        zombies = random.chance(0.5)
        drains = Self.maybe(2, &random)
    }

    private static func maybe(_ most: Double, _ random: inout SplitMix64) -> Double {
        random.chance(0.5) ? Double.random(in: 0...most, using: &random) : 0
    }

    /// Short intervals, so that seconds suffice; no task is given up.
    var schedulerLimits: SchedulerLimits {
        var limits = SchedulerLimits()
        limits.drawsPerTask = 4
        limits.windowItems = 24
        limits.pagePrompts = 3
        limits.inFlightItemsMax = 64
        limits.landingItems = 8
        limits.leaseDuration = .seconds(4)
        limits.heartbeatInterval = .milliseconds(500)
        limits.silenceMax = .seconds(2)
        limits.attemptsMax = .max
        limits.databasePauseMax = .seconds(1)
        return limits
    }

    /// As `schedulerLimits`, for workers.
    var workerLimits: WorkerLimits {
        var limits = WorkerLimits()
        limits.leasesMax = 3
        limits.unackedMax = 5
        limits.resendAfter = .seconds(1)
        limits.helloInterval = .milliseconds(500)
        limits.registrationMax = .seconds(300)
        limits.orphanMax = .seconds(300)
        limits.drainGrace = .seconds(2)
        return limits
    }
}
