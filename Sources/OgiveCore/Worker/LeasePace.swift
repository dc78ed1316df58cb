/// How many leases a worker asks for ahead because it finishes them faster than messages travel.
///
/// It follows from the number of leases that were finished alone, whatever became of them.
struct LeasePace: Sendable {
    /// How long leases are counted.
    static let period = Duration.milliseconds(100)

    /// Leases to be asked for beyond those that keep the slots busy.
    private(set) var ahead = 0
    private var finished = 0
    private var begun: Instant?

    /// A lease was finished.
    mutating func note(now: Instant, _ limits: WorkerLimits) {
        keep(now: now, limits)
        begun = begun ?? now
        finished += 1
    }

    /// Time went by.
    mutating func keep(now: Instant, _ limits: WorkerLimits) {
        guard let begun, now - begun >= Self.period else { return }
        let count = Double(finished) * (limits.aheadTime / (now - begun))
        // In steps, so that not every change of the pace is told the coordinator.
        let step = max(1, limits.aheadMax / 64)
        ahead = min(limits.aheadMax, Int(count) / step * step)
        self.begun = finished == 0 ? nil : now
        finished = 0
    }
}
