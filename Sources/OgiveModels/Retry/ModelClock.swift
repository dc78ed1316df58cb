/// The time as model adapters use it: elapsed time and waits, from a clock that is passed in.
package struct ModelClock: Sendable {
    /// Time since this value was made.
    package let elapsed: @Sendable () -> Duration
    /// Waits; throws when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    /// Uses a clock.
    package init(_ clock: some Clock<Duration>) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }

    /// The machine's monotonic clock.
    package static let continuous = ModelClock(ContinuousClock())
}
