internal import OgiveCore

/// Decides what follows from the outcomes of one request, item by item: which are asked for again.
///
/// An item that came is never asked for again, whatever it is. A fault of the server counts for no
/// item. One that may pass counts, up to `attemptsMax`. What the server says of the item itself,
/// an answer that arrived whole included, is final: asking again could not help with a server that
/// repeats itself, and would choose by outcome with one that does not.
struct ItemAttempts: Sendable {
    /// What follows for one item.
    enum Next: Hashable, Sendable {
        /// It is asked for again.
        case again
        /// It failed, after so many attempts.
        case failed(attempts: Int)
    }

    /// Most attempts of an item.
    let attemptsMax: Int
    /// The endpoint of the last request that did not come through whole.
    private(set) var failedEndpoint: Int?
    /// What the request as a whole says of the server.
    private(set) var verdict = CircuitBreaker.Verdict.answered
    /// Requests so far with a failure that may pass, in a row: for the pause.
    private(set) var failedRequests = 0
    private var attempts: [Int: Int] = [:]
    /// Endpoints that do not have what the run asks for.
    private var unfit: Set<Int> = []
    private var unfitness: ModelError?

    init(attemptsMax: Int) {
        self.attemptsMax = attemptsMax
    }

    /// A request begins.
    mutating func begin() {
        verdict = .answered
    }

    /// It ended: another endpoint of the `count` is preferred for what it did not bring. A fault of
    /// the run's specification is not the endpoint's if there is no other one.
    mutating func end(at endpoint: Int, of count: Int) {
        if case .answered = verdict { failedEndpoint = nil } else { failedEndpoint = endpoint }
        guard case .away(let error) = verdict, error.concernsRun else { return }
        unfit.insert(endpoint)
        unfitness = error
        if count == 1 { verdict = .answered }
    }

    /// Why none of the `count` endpoints can serve the run; `nil` while one may.
    func obstacle(of count: Int) -> ModelError? { unfit.count >= count ? unfitness : nil }

    /// What follows from the failure of an item. `isFinal` holds for a failure that may pass in
    /// general but not here.
    mutating func next(_ item: Int, _ error: ModelError, isFinal: Bool = false) -> Next {
        if error.concernsEndpoint {
            verdict = .away(error)
            return .again
        }
        attempts[item, default: 0] += 1
        let count = attempts[item] ?? 1
        guard error.isRetriable, !isFinal else { return .failed(attempts: count) }
        if case .answered = verdict { failedRequests += 1 }
        if case .away = verdict {} else { verdict = .failed(error) }
        return count < attemptsMax ? .again : .failed(attempts: count)
    }
}

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
