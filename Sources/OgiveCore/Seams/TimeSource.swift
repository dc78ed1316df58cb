/// The time as services see it: passed in, so that tests can move it by hand.
package struct TimeSource: Sendable {
    /// Reads the monotonic clock.
    package let now: @Sendable () -> TimePoint
    /// Waits; throws `CancellationError` when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    /// Reads `clock`, whose zero becomes the moment of this call.
    package init<C: Clock & Sendable>(_ clock: C)
    where C.Duration == Duration, C.Instant: Sendable {
        let zero = clock.now
        now = { TimePoint(zero.duration(to: clock.now)) }
        sleep = { duration in try await clock.sleep(for: duration) }
    }

    /// The machine's monotonic clock.
    package static var machine: TimeSource { TimeSource(ContinuousClock()) }
}

/// A point on a monotonic clock: wall clocks never reach the state machines.
package struct TimePoint: Hashable, Comparable, Sendable {
    /// Time since the clock's own zero.
    package var sinceZero: Duration

    /// Wraps a reading of the clock.
    package init(_ sinceZero: Duration) {
        self.sinceZero = sinceZero
    }

    /// The clock's zero.
    package static let zero = TimePoint(.zero)

    package static func < (left: TimePoint, right: TimePoint) -> Bool {
        left.sinceZero < right.sinceZero
    }

    package static func + (instant: TimePoint, duration: Duration) -> TimePoint {
        TimePoint(instant.sinceZero + duration)
    }

    package static func - (left: TimePoint, right: TimePoint) -> Duration {
        left.sinceZero - right.sinceZero
    }
}

/// How long to wait before the next attempt: doubling, capped, jittered.
package struct BackOff: Hashable, Sendable {
    /// The wait after the first failure; it doubles from then on.
    package var first = Duration.milliseconds(250)
    /// The longest wait.
    package var longest = Duration.seconds(20)

    /// From a quarter of a second to twenty.
    package init() {}

    /// The wait after so many failures in a row (at least 1), between a half and the whole of it by
    /// `random` in 0..<1.
    package func delay(afterFailures failures: Int, random: Double = 1) -> Duration {
        // Doublings are clamped: beyond 30 the cap has long been reached.
        let doubled = first * (1 << min(max(0, failures - 1), 30))
        return min(doubled, longest) * (0.5 + 0.5 * random)
    }
}
