internal import HeapModule
internal import OrderedCollections

/// The wait of a worker, or of a key, whose leases come back undone again and again.
///
/// It follows from the leases alone, never from what a result says.
struct LeasePause: Hashable, Sendable {
    /// How often in a row leases came back; what comes back during a pause counts once with it.
    private(set) var times = 0
    /// Nothing is granted before this.
    private(set) var until: TimePoint

    /// Doublings after which a pause has long reached its bound.
    private static let doublingsMax = 16

    /// Waits for nothing, or until a moment.
    init(until: TimePoint = .zero) {
        self.until = until
    }

    /// Leases came back. The first time costs nothing: a message may have been lost.
    mutating func note(now: TimePoint, _ limits: SchedulerLimits) {
        guard until <= now else { return }
        times += 1
        guard times > 1 else { return }
        let doubled = limits.undonePause * (1 << min(times - 2, Self.doublingsMax))
        until = now + min(doubled, limits.undonePauseMax)
    }

    /// A lease was finished: the next one that comes back is the first again.
    mutating func forgive() {
        times = 0
    }
}

/// When a worker may be granted leases again.
struct PauseEnd: Comparable, Sendable {
    let at: TimePoint
    let worker: WorkerID

    static func < (left: PauseEnd, right: PauseEnd) -> Bool {
        (left.at, left.worker) < (right.at, right.worker)
    }
}

extension Scheduler {
    /// Keys whose pauses are remembered before those that are over are cleared away.
    private static let keyPausesKept = 1_024

    /// Leases of a worker came back that it did not read, or did not begin: however many they are,
    /// that counts once.
    mutating func noteUndone(by id: WorkerID, now: TimePoint) {
        let limits = limits
        withWorker(id) { $0.pause.note(now: now, limits) }
        beginPause(of: id, now: now)
    }

    /// Grants a worker nothing until its pause is over, if it has one.
    mutating func beginPause(of id: WorkerID, now: TimePoint) {
        let begins = withWorker(id) { worker -> TimePoint? in
            guard worker.pause.until > now, !worker.isPaused else { return nil }
            worker.isPaused = true
            return worker.pause.until
        }
        guard let end = begins.flatMap(\.self) else { return }
        pauseEnds.insert(PauseEnd(at: end, worker: id))
    }

    /// Lets workers whose pause is over have leases again, behind the others.
    mutating func endPauses(now: TimePoint) {
        while let end = pauseEnds.min, end.at <= now {
            pauseEnds.removeMin()
            guard let worker = workers[end.worker], worker.isPaused else { continue }
            guard worker.pause.until <= now else {
                // Leases came back between its end and this look at it.
                pauseEnds.insert(PauseEnd(at: worker.pause.until, worker: end.worker))
                continue
            }
            withWorker(end.worker) { $0.isPaused = false }
            enqueue(end.worker)
        }
    }

    /// A worker is gone that has finished nothing, and leases came back from it: whoever comes next
    /// under its key waits as it would have to, until one of them finishes a lease. Else another
    /// incarnation would be a way around the pause.
    mutating func noteParting(
        of worker: SchedulerWorker, leavesLeases: Bool, now: TimePoint
    ) {
        guard worker.finished == 0, leavesLeases || worker.pause.times > 0 else { return }
        if keyPauses.count >= Self.keyPausesKept {
            keyPauses = keyPauses.filter { $0.value.until > now }
        }
        keyPauses[worker.connection, default: LeasePause()].note(now: now, limits)
    }
}
