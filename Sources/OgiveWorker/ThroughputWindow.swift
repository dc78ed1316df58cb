internal import OgiveCore

/// The work that a server finished in a stretch of time, and how much was asked of it.
///
/// Answers of a server that batches come in bursts. So a window begins with the first answer of a
/// burst and ends before the first one of another, else it would count one burst too many or too
/// few.
struct ThroughputWindow: Sendable {
    /// Answers to requests of before, which do not count.
    private var settling: Int
    private var begun: Instant?
    private var last: Instant
    private var answers = 0
    private var work = 0.0
    /// Requests under way, integrated over time.
    private var used = Duration.zero
    private var noted: Instant
    /// The slowest answer.
    private(set) var longest = Duration.zero

    init(settling: Int, now: Instant) {
        self.settling = settling
        last = now
        noted = now
    }

    /// So many requests were under way until now.
    mutating func note(underWay: Int, now: Instant) {
        if begun != nil { used += (now - noted) * underWay }
        noted = now
    }

    /// An answer came.
    mutating func add(work: Double, latency: Duration, now: Instant) {
        last = now
        guard settling == 0 else {
            settling -= 1
            return
        }
        begun = begun ?? now
        answers += 1
        self.work += work
        longest = max(longest, latency)
    }

    /// Whether it holds enough answers for `limit` requests at once, and the answer that comes
    /// now is the first of a burst; twice as many are enough in any case.
    func isComplete(limit: Int, now: Instant) -> Bool {
        let enough = max(2 * limit, ConcurrencyLimit.Rule.answersMin)
        guard let begun, answers >= enough, now - begun >= ConcurrencyLimit.Rule.windowMin else {
            return false
        }
        return answers >= 2 * enough || (now - last) * answers >= (now - begun) / 2
    }

    /// Work in a second.
    func rate(now: Instant) -> Double { work / elapsed(now) }

    /// Requests under way, on average.
    func use(now: Instant) -> Double { used / .seconds(1) / elapsed(now) }

    private func elapsed(_ now: Instant) -> Double { (now - (begun ?? now)) / .seconds(1) }
}
