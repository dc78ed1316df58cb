internal import OgiveCore

extension SimulationOptions {
    /// Short intervals, so that seconds suffice, and bounds that are reached.
    var schedulerLimits: SchedulerLimits {
        var limits = SchedulerLimits()
        limits.drawsPerTask = 4
        // More room for a fleet, or most of it would have nothing to do.
        limits.windowItems = max(24, 6 * workers)
        limits.pagePrompts = max(3, workers / 16)
        limits.inFlightItemsMax = max(64, 16 * workers)
        limits.landingItems = max(8, workers / 8)
        limits.leaseDuration = .seconds(4)
        limits.heartbeatInterval = .milliseconds(500)
        limits.silenceMax = .seconds(2)
        limits.attemptsMax = attemptsMax ?? .max
        limits.databasePauseMax = .seconds(1)
        limits.undonePauseMax = .seconds(1)
        return limits
    }

    /// As `schedulerLimits`, for workers.
    var workerLimits: WorkerLimits {
        var limits = WorkerLimits()
        limits.leasesMax = 3
        limits.aheadTime = .seconds(1)
        limits.aheadMax = 2
        limits.unackedMax = 5
        limits.resendAfter = .seconds(1)
        limits.helloInterval = .milliseconds(500)
        limits.registrationMax = .seconds(300)
        limits.orphanMax = .seconds(300)
        limits.drainGrace = .seconds(2)
        return limits
    }

    /// Most items that registered workers can bring along from before they registered.
    func carriedItemsMax(workers: Int) -> Int {
        workers * workerLimits.heldMax * schedulerLimits.drawsPerTask
    }
}
