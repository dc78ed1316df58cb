internal import Synchronization

/// When an event loop progressed last: the loop beats at each turn, and others ask how long that is
/// ago. A loop that hangs stops beating, whatever else of its process goes on.
package final class Pulse: Sendable {
    /// Nanoseconds on the monotonic clock; negative before the first beat.
    private let beatenAt = Atomic<Int64>(-1)
    private let now: @Sendable () -> TimePoint

    /// Begins without a beat. `now` reads the monotonic clock.
    package init(now: @escaping @Sendable () -> TimePoint = TimeSource.machine.now) {
        self.now = now
    }

    /// The loop progressed.
    package func beat() {
        let nanoseconds = Int64(now().sinceZero / .nanoseconds(1))
        beatenAt.store(nanoseconds, ordering: .relaxed)
    }

    /// How long ago the last beat was; `nil` before the first one.
    package var age: Duration? {
        let nanoseconds = beatenAt.load(ordering: .relaxed)
        guard nanoseconds >= 0 else { return nil }
        return max(.zero, now().sinceZero - .nanoseconds(nanoseconds))
    }
}
