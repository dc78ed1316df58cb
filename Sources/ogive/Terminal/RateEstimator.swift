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

    /// Begins without knowledge.
    init() {}

    /// Adds what is known at `time` (since the start, never going back).
    mutating func add(_ snapshot: ProgressSnapshot, at time: Duration) {
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

    /// Time until all is done at the present rate; `nil` when it cannot be told.
    var remaining: Duration? {
        guard let newest = samples.last?.snapshot else { return nil }
        let missing = newest.itemsTotal - newest.itemsDone
        if missing <= 0 { return .zero }
        guard let rate = slope(\.itemsDone), rate > 0 else { return nil }
        let seconds = Double(missing) / rate
        return seconds < 100 * 365 * 86_400 ? .seconds(seconds) : nil
    }

    private func slope(_ count: (ProgressSnapshot) -> Int) -> Double? {
        guard let first = samples.first, let last = samples.last else { return nil }
        let seconds = (last.time - first.time) / .seconds(1)
        guard seconds > 0 else { return nil }
        return max(0, Double(count(last.snapshot) - count(first.snapshot)) / seconds)
    }
}
