package import OgiveCore

/// The one retry mechanism: asks again for the entries that failed and may succeed later.
///
/// A success is never asked for again, whatever it is: a reward or a text has no say in it.
package struct Retrying: Sendable {
    /// How often and when.
    package var rule: RetryRule
    /// The time.
    package var clock: TimeSource
    /// A number in 0..<1 for the jitter.
    package var random: @Sendable () -> Double

    /// Takes the rule; time and chance are the machine's unless given.
    package init(
        rule: RetryRule = RetryRule(), clock: TimeSource = .machine,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.rule = rule
        self.clock = clock
        self.random = random
    }

    /// Runs `attempt` on the positions 0..<count, then on those that failed, until none is left,
    /// the budget is spent or the task is cancelled. `attempt` answers in the order it is asked.
    func run<Value: Sendable>(
        count: Int, _ attempt: ([Int]) async -> [Result<Value, ModelError>]
    ) async -> [Result<Value, ModelError>] {
        let start = clock.now()
        var results = [Result<Value, ModelError>](
            repeating: .failure(ModelError(.wrongCount, "the adapter gave no answer")),
            count: count)
        var open = Array(results.indices)
        var attempts = 0
        while !open.isEmpty {
            let answers = await attempt(open)
            attempts += 1
            let isComplete = answers.count == open.count
            for (position, place) in open.enumerated() {
                results[place] =
                    isComplete
                    ? answers[position]
                    : .failure(
                        ModelError(
                            .wrongCount,
                            "the adapter gave \(answers.count) answers instead of \(open.count)"))
            }
            open = open.filter { Self.error(results[$0])?.isRetriable == true }
            guard !open.isEmpty, await pause(open.map { results[$0] }, attempts, since: start)
            else { break }
        }
        return results
    }

    /// Waits before the next attempt; `false` when there is none.
    private func pause<Value>(
        _ failures: [Result<Value, ModelError>], _ attempts: Int, since start: Instant
    ) async -> Bool {
        let retryAfter = failures.compactMap { Self.error($0)?.retryAfter }.max()
        guard !Task.isCancelled,
            let delay = rule.delay(
                afterAttempts: attempts, elapsed: clock.now() - start,
                retryAfter: retryAfter, random: random())
        else { return false }
        do {
            try await clock.sleep(delay)
            return true
        } catch {
            // Cancelled: the failures so far are the answer.
            return false
        }
    }

    private static func error<Value>(_ result: Result<Value, ModelError>) -> ModelError? {
        if case .failure(let error) = result { error } else { nil }
    }
}
