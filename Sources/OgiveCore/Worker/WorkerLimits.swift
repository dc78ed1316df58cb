/// The named bounds and intervals of a worker's session.
package struct WorkerLimits: Hashable, Sendable {
    /// Most leases held without a result: those being worked on and some that wait. More, which
    /// come when cancels are lost, are given back.
    package var leasesMax = 16
    /// A worker that finishes leases faster than messages travel asks for as many more as it
    /// finishes in this time …
    package var aheadTime = Duration.milliseconds(25)
    /// … up to so many.
    package var aheadMax = 512
    /// Most leases whose results wait for their acknowledgement; beyond it nothing new is taken.
    package var unackedMax = 2_048
    /// After this long without an acknowledgement a result is sent again.
    package var resendAfter = Duration.seconds(5)
    /// How often, ± a quarter, `hello` is repeated until a coordinator answers.
    package var helloInterval = Duration.seconds(2)
    /// How soon, ± a quarter for `hello`, a worker speaks again when nobody was there to be
    /// spoken to.
    package var unheardInterval = Duration.milliseconds(300)
    /// The worker gives up when no coordinator answered for this long.
    package var registrationMax = Duration.seconds(60)
    /// The worker gives up when a coordinator that it knew was silent for this long. Until then it
    /// keeps its results.
    package var orphanMax = Duration.seconds(600)
    /// Once draining, what is unfinished after this long is given back.
    package var drainGrace = Duration.seconds(25)
    /// Once welcomed, the worker leaves when it had no work for this long; `nil`: it stays.
    package var idleMax: Duration?

    /// Most leases that are remembered after they ended.
    static let pastMax = 256

    /// Most leases held without a result, those asked for ahead included.
    package var workingMax: Int { sum(leasesMax, aheadMax) }

    /// Most leases held at all.
    package var heldMax: Int { sum(workingMax, unackedMax) }

    private func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflows) = left.addingReportingOverflow(right)
        return overflows ? .max : sum
    }

    /// The defaults.
    package init() {}
}

/// How many leases a worker asks for ahead because it finishes them faster than messages travel.
///
/// It follows from the number of leases that were finished alone, whatever became of them.
struct LeasePace: Sendable {
    /// How long leases are counted.
    static let period = Duration.milliseconds(100)

    /// Leases to be asked for beyond those that keep the slots busy.
    private(set) var ahead = 0
    private var finished = 0
    private var begun: TimePoint?

    /// A lease was finished.
    mutating func note(now: TimePoint, _ limits: WorkerLimits) {
        keep(now: now, limits)
        begun = begun ?? now
        finished += 1
    }

    /// Time went by.
    mutating func keep(now: TimePoint, _ limits: WorkerLimits) {
        guard let begun, now - begun >= Self.period else { return }
        let count = Double(finished) * (limits.aheadTime / (now - begun))
        // In steps, so that not every change of the pace is sent to the coordinator.
        let step = max(1, limits.aheadMax / 64)
        ahead = min(limits.aheadMax, Int(count) / step * step)
        self.begun = finished == 0 ? nil : now
        finished = 0
    }
}
