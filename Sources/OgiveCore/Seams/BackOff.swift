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
