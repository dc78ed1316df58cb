internal import OgiveCore

/// How often items are asked for, and the pauses between.
struct AttemptRule: Sendable {
    /// Most attempts of an item, faults of the server not counted.
    let attemptsMax: Int
    /// The pauses after failed requests.
    let backOff: BackOff
    /// The time.
    let time: TimeSource
    /// A number in 0..<1 for the jitter.
    let random: @Sendable () -> Double

    init(_ configuration: WorkerConfiguration, time: TimeSource) {
        attemptsMax = max(1, configuration.attemptsMax)
        backOff = configuration.backOff
        self.time = time
        random = { Double.random(in: 0..<1) }
    }

    /// Waits before the next attempt; an outage is waited for at the gate instead.
    func pause(after attempts: ItemAttempts) async {
        guard case .failed = attempts.verdict else { return }
        // Cancelled, the stage sees that at the gate.
        try? await time.sleep(
            backOff.delay(afterFailures: attempts.failedRequests, random: random()))
    }
}
