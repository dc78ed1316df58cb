/// The time as services see it: passed in, so that tests can move it by hand.
package struct TimeSource: Sendable {
    /// Reads the monotonic clock.
    package let now: @Sendable () -> Instant
    /// Waits; throws `CancellationError` when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    /// Reads `clock`, whose zero becomes the moment of this call.
    package init<C: Clock & Sendable>(_ clock: C)
    where C.Duration == Duration, C.Instant: Sendable {
        let zero = clock.now
        now = { Instant(zero.duration(to: clock.now)) }
        sleep = { duration in try await clock.sleep(for: duration) }
    }

    /// The machine's monotonic clock.
    package static var machine: TimeSource { TimeSource(ContinuousClock()) }
}
