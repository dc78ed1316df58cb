internal import OgiveCore

/// The work that a server finished in a stretch of time, and how much was asked of it.
///
/// Answers of a server that batches come in bursts. So a window goes from the end of one burst to
/// the end of another, else it would hold one burst too many or too few.
struct ThroughputWindow: Sendable {
    /// Answers to requests of before, which do not count.
    private var settling: Int
    private var begun: Instant
    /// When the last answer came: where the next window begins.
    private(set) var last: Instant
    private var answers = 0
    private var work = 0.0
    /// Requests under way, integrated over time.
    private var used = Duration.zero
    private var noted: Instant
    /// The slowest answer.
    private(set) var longest = Duration.zero

    /// Begins now, or with the last of so many answers.
    init(settling: Int, now: Instant) {
        self.settling = settling
        begun = now
        last = now
        noted = now
    }

    /// So many requests were under way until now.
    mutating func note(underWay: Int, now: Instant) {
        used += (now - max(noted, begun)) * underWay
        noted = now
    }

    /// An answer came.
    mutating func add(work: Double, latency: Duration, now: Instant) {
        last = now
        guard settling == 0 else {
            settling -= 1
            if settling == 0 { self = ThroughputWindow(settling: 0, now: now) }
            return
        }
        answers += 1
        self.work += work
        longest = max(longest, latency)
    }

    /// Whether the answers to requests of before have come.
    var isSettled: Bool { settling == 0 }

    /// Whether it held `enough` answers before the one that comes now, and that is the first of a
    /// burst; twice as many are enough in any case.
    func isComplete(_ enough: Int, now: Instant) -> Bool {
        guard settling == 0, answers >= enough,
            last - begun >= ConcurrencyLimit.Rule.windowMin
        else { return false }
        return answers >= 2 * enough || (now - last) * answers >= (now - begun) / 2
    }

    /// Work in a second.
    var rate: Double { work / ((last - begun) / .seconds(1)) }

    /// Requests under way, on average.
    var use: Double { used / max(noted - begun, .nanoseconds(1)) }
}
