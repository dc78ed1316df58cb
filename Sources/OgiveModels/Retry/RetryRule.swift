/// How often and when a failed request is tried again.
package struct RetryRule: Hashable, Sendable {
    /// Most attempts, the first included; at least 1.
    package var attemptsMax = 5
    /// The wait after the first failure; it doubles from then on.
    package var firstDelay = Duration.milliseconds(250)
    /// Longest wait of our own choice; a server may ask for a longer one.
    package var delayMax = Duration.seconds(20)
    /// Longest time from the first attempt to the start of the last.
    package var durationMax = Duration.seconds(180)

    /// Five attempts within three minutes.
    package init() {}

    /// The wait before the next attempt: capped exponential, between a half and the whole of it by
    /// `random` in 0..<1, and no less than the servers ask for. `nil` when the budget is spent.
    ///
    /// `attempts` counts the attempts so far (at least 1), `elapsed` runs from the first.
    package func delay(
        afterAttempts attempts: Int, elapsed: Duration, retryAfter: Duration?, random: Double
    ) -> Duration? {
        guard attempts < attemptsMax else { return nil }
        // Doublings are clamped: beyond 30 the cap has long been reached.
        let doubled = firstDelay * (1 << min(max(0, attempts - 1), 30))
        let delay = min(doubled, delayMax) * (0.5 + 0.5 * random)
        let wait = max(delay, retryAfter ?? .zero)
        return elapsed + wait > durationMax ? nil : wait
    }
}
