internal import OgiveCore

/// How far a run is at one moment.
struct ProgressSnapshot: Hashable, Sendable {
    /// Draws that have landed with a reward, or have a failure.
    var done: Int
    /// Draws there are.
    var total: Int
    /// Tokens of the draws that landed.
    var tokens: Int
    /// Draws with a failure.
    var failures: Int
    /// Rewards and log-probabilities of candidates that have landed, or have a failure.
    var candidatesDone = 0
    /// Rewards and log-probabilities of candidates there are.
    var candidatesTotal = 0
    /// Rewards and log-probabilities of candidates with a failure.
    var candidateFailures = 0
    /// What was spent; `nil` without prices.
    var cost: Double?
    /// What the whole run will cost.
    var estimatedCost: Double?
    /// What the slots of its workers waited for, so far.
    var slotTime = SlotTime()

    /// Joins the counts.
    init(
        done: Int, total: Int, tokens: Int = 0, failures: Int = 0, cost: Double? = nil,
        estimatedCost: Double? = nil
    ) {
        self.done = done
        self.total = total
        self.tokens = tokens
        self.failures = failures
        self.cost = cost
        self.estimatedCost = estimatedCost
    }

    /// All that is done.
    var itemsDone: Int { done + candidatesDone }
    /// All there is to be done.
    var itemsTotal: Int { total + candidatesTotal }

    /// The share that is done, 0…1.
    var fraction: Double {
        itemsTotal > 0 ? min(1, max(0, Double(itemsDone) / Double(itemsTotal))) : 1
    }
}

/// Estimates draws and tokens per second over the latest part of a run.
///
/// The rate is the slope between the oldest and the newest snapshot of a window, so one slow
/// batch does not make it jump and a long pause shows.
struct RateEstimator {
    /// How far back the window reaches.
    static let window = Duration.seconds(30)
    /// Most snapshots kept; when there are more, every second one goes.
    static let samplesMax = 128

    private var samples: [(time: Duration, snapshot: ProgressSnapshot)] = []
    private var start: (time: Duration, snapshot: ProgressSnapshot)?

    /// Begins without knowledge.
    init() {}

    /// Adds what is known at `time` (since the start, never going back).
    mutating func add(_ snapshot: ProgressSnapshot, at time: Duration) {
        start = start ?? (time, snapshot)
        samples.append((time, snapshot))
        // One sample older than the window is kept: the window is never shorter than it says.
        while samples.count > 2, time - samples[1].time >= Self.window { samples.removeFirst() }
        if samples.count > Self.samplesMax {
            samples = samples.enumerated().filter {
                $0.offset % 2 == 0 || $0.offset == samples.count - 1
            }
            .map(\.element)
        }
    }

    /// Whether nothing was done for a whole window, though something is left.
    var isStalled: Bool {
        guard let first = samples.first, let last = samples.last else { return false }
        return last.time - first.time >= Self.window
            && last.snapshot.itemsDone == first.snapshot.itemsDone
            && last.snapshot.itemsDone < last.snapshot.itemsTotal
    }

    /// Draws per second; `nil` before there are two moments.
    var drawsPerSecond: Double? { slope(\.done) }

    /// Tokens per second; `nil` before there are two moments.
    var tokensPerSecond: Double? { slope(\.tokens) }

    /// Draws per second since the beginning; `nil` before there are two moments.
    var averageDrawsPerSecond: Double? { average(\.done) }

    /// Tokens per second since the beginning; `nil` before there are two moments.
    var averageTokensPerSecond: Double? { average(\.tokens) }

    /// What slots waited for of late.
    var slotTime: SlotTime {
        guard let first = samples.first, let last = samples.last else { return SlotTime() }
        return last.snapshot.slotTime.since(first.snapshot.slotTime)
    }

    /// Time until all is done at the present rate; `nil` when it cannot be estimated.
    var remaining: Duration? {
        guard let newest = samples.last?.snapshot else { return nil }
        let missing = newest.itemsTotal - newest.itemsDone
        if missing <= 0 { return .zero }
        guard let rate = slope(\.itemsDone), rate > 0 else { return nil }
        let seconds = Double(missing) / rate
        return seconds < 100 * 365 * 86_400 ? .seconds(seconds) : nil
    }

    private func slope(_ count: (ProgressSnapshot) -> Int) -> Double? {
        slope(samples.first, count)
    }

    private func average(_ count: (ProgressSnapshot) -> Int) -> Double? { slope(start, count) }

    private func slope(
        _ first: (time: Duration, snapshot: ProgressSnapshot)?, _ count: (ProgressSnapshot) -> Int
    ) -> Double? {
        guard let first, let last = samples.last else { return nil }
        let seconds = (last.time - first.time) / .seconds(1)
        guard seconds > 0 else { return nil }
        return max(0, Double(count(last.snapshot) - count(first.snapshot)) / seconds)
    }
}
