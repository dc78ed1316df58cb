/// A point on a monotonic clock: wall clocks never reach the state machines.
package struct Instant: Hashable, Comparable, Sendable {
    /// Time since the clock's own zero.
    package var sinceZero: Duration

    /// Wraps a reading of the clock.
    package init(_ sinceZero: Duration) {
        self.sinceZero = sinceZero
    }

    /// The clock's zero.
    package static let zero = Instant(.zero)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.sinceZero < right.sinceZero
    }

    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(instant.sinceZero + duration)
    }

    package static func - (left: Instant, right: Instant) -> Duration {
        left.sinceZero - right.sinceZero
    }
}
