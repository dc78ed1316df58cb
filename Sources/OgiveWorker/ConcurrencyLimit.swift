internal import OgiveCore

/// Finds how many requests at once fill a server: a hill climber on its throughput. Pure: time is
/// passed in.
///
/// Latency, which other limiters go by, says little of a server that batches: it grows from the
/// second request on, long before the server is full. So the rate of finished work is measured over
/// windows, and a limit is kept when it gives more than the one before: first doubling (at once
/// where the server says that nothing waits), then trying a quarter more and a fifth less, ever
/// more rarely, or as few as a server needs that says how many wait. Nothing is decided by a window
/// in which the worker had too little to ask. A refusal (429, 503) or a timeout halves the limit.
struct ConcurrencyLimit: Sendable {
    /// The gains of throughput that a step has to bring, and how long things last.
    enum Rule {
        /// Least gain of a doubling.
        static let gainOfDoubling = 1.03
        /// Least gain of a quarter more.
        static let gainOfQuarter = 1.02
        /// A fifth less is kept when this much of the throughput stays.
        static let keptOfLess = 1.0
        /// As few as a server with a queue seems to need are kept when this much stays.
        static let keptOfUncrowded = 0.98
        /// What may wait at the server, as a share of what it works on, so that it never runs dry.
        static let spare = 0.25
        /// Fewest answers of a window, and how many for each request at once: fewer while the limit
        /// doubles, where much is gained soon, than for small steps, where noise would decide.
        static let answersMin = 24
        static let answersWhileDoubling = 2
        static let answersElse = 6
        /// Shortest window.
        static let windowMin = Duration.milliseconds(200)
        /// A window counts when this share of the limit was in use.
        static let useMin = 0.75
        /// Windows before another limit is tried, doubling with each failure.
        static let patienceMin = 4
        static let patienceMax = 64
        /// How much the latest window counts in the throughput of the limit that is kept.
        static let share = 0.3
    }

    private enum Trial {
        case doubling, quarter, fifth, uncrowded
    }

    /// Most requests at once, now.
    private(set) var limit: Int
    private let bounds: ClosedRange<Int>
    /// Answers should not take longer: half of the time after which they are given up.
    private let latencyMax: Duration?

    private var underWay = 0
    private var window: ThroughputWindow
    /// The limit that is kept while another is tried, and its throughput.
    private var kept: (limit: Int, rate: Double)?
    private var trial: Trial?
    private var failedTrial: Trial?
    private var patience = Rule.patienceMin
    private var windowsHeld = 0
    private var lastBackOff: TimePoint?
    private var serverQueues = false
    /// As many as keep the server busy without a long queue, by what it says; `nil` when it does
    /// not queue, or has not been asked since the limit changed.
    private var uncrowded: Int?
    /// Whether it says, since the limit changed, that nothing waits.
    private var hasRoom = false
    /// Whether it says how busy it is at all.
    private var reportsLoad = false

    /// Begins with `initial`; bounds of one value fix the limit.
    init(bounds: ClosedRange<Int>, initial: Int, latencyMax: Duration?, now: TimePoint) {
        self.bounds = bounds
        self.latencyMax = latencyMax
        limit = min(max(initial, bounds.lowerBound), bounds.upperBound)
        window = ThroughputWindow(outstanding: 0, now: now)
        trial = .doubling
    }

    /// A request goes out.
    mutating func begin(now: TimePoint) {
        window.note(underWay: underWay, now: now)
        underWay += 1
    }

    /// A request was answered, after `work` was done.
    mutating func end(work: Double, began: TimePoint, now: TimePoint) {
        abandon(now: now)
        guard bounds.count > 1 else { return }
        defer { window.add(work: work, latency: now - began, now: now) }
        if trial == .doubling, hasRoom, window.isWarm {
            // What comes next need not be compared: the server is not full.
            kept = nil
            return attempt(.doubling, max(window.longest, now - began), now: now)
        }
        guard window.isComplete(enough, now: now) else { return }
        let ended = window
        window = ThroughputWindow(outstanding: 0, now: ended.last)
        if ended.use >= Rule.useMin * Double(limit) {
            decide(rate: ended.rate, longest: ended.longest, now: now)
        }
    }

    /// Answers of a window.
    private var enough: Int {
        let each = trial == .doubling ? Rule.answersWhileDoubling : Rule.answersElse
        return max(each * limit, Rule.answersMin)
    }

    /// A request ended without an answer, for no reason that concerns the limit.
    mutating func abandon(now: TimePoint) {
        window.note(underWay: underWay, now: now)
        underWay -= 1
    }

    /// The server asks for fewer requests, or was too slow: halves the limit, once for all the
    /// requests that were under way.
    mutating func backOff(began: TimePoint, now: TimePoint) {
        abandon(now: now)
        guard bounds.count > 1, lastBackOff.map({ began >= $0 }) ?? true else { return }
        lastBackOff = now
        kept = nil
        hold(after: .quarter)
        move(to: limit / 2, now: now)
    }

    /// Takes in how busy the server says it is: while more waits there than a quarter of what is
    /// asked for, no more is asked for, and fewer are tried.
    mutating func note(_ load: ServerLoad) {
        reportsLoad = true
        serverQueues = load.waiting > max(1, limit / 4)
        // A server that counts sequences where the worker counts requests agrees in their shares.
        let busy = Double(load.running) / Double(max(1, load.running + load.waiting))
        let worked =
            load.queuesRequests
            ? Double(max(1, underWay - load.waiting)) : Double(underWay) * busy
        let needed = Int((worked * (1 + Rule.spare)).rounded(.up))
        hasRoom = load.waiting == 0 && load.running > 0
        uncrowded = serverQueues && load.running > 0 && needed > 0 ? needed : nil
    }

    private mutating func decide(rate: Double, longest: Duration, now: TimePoint) {
        if let latencyMax, longest > latencyMax {
            kept = nil
            hold(after: .doubling)
            return move(to: limit * 4 / 5, now: now)
        }
        guard let kept, let trial else { return keep(rate, longest, now: now) }
        let least =
            switch trial {
            case .doubling: Rule.gainOfDoubling
            case .quarter: Rule.gainOfQuarter
            case .fifth: Rule.keptOfLess
            case .uncrowded: Rule.keptOfUncrowded
            }
        if rate >= kept.rate * least {
            self.kept = (limit, rate)
            patience = Rule.patienceMin
            windowsHeld = 0
            guard trial != .uncrowded else { return hold(after: .fifth) }
            // What was right once may be right again.
            attempt(trial, longest, now: now)
        } else {
            hold(after: trial)
            move(to: kept.limit, now: now)
        }
    }

    /// Holds the limit that is kept, and learns its throughput, until it is time for a trial.
    private mutating func keep(_ rate: Double, _ longest: Duration, now: TimePoint) {
        kept = (limit, kept.map { $0.rate + Rule.share * (rate - $0.rate) } ?? rate)
        if trial == .doubling, uncrowded == nil { return attempt(.doubling, longest, now: now) }
        windowsHeld += 1
        // A crowded server is not waited for, unless fewer was wrong already.
        let isCrowded = uncrowded.map { $0 < limit } ?? false
        if isCrowded, failedTrial != .uncrowded { return attempt(.uncrowded, longest, now: now) }
        guard windowsHeld >= patience else { return }
        windowsHeld = 0
        if isCrowded { return attempt(.uncrowded, longest, now: now) }
        attempt(failedTrial == .fifth ? .quarter : .fifth, longest, now: now)
    }

    private mutating func attempt(_ next: Trial, _ longest: Duration, now: TimePoint) {
        let target =
            switch next {
            case .doubling: limit * 2
            case .quarter: limit + max(1, limit / 4)
            // One of two is half, which runs a server dry for a window: its own word has to do.
            case .fifth where limit < 5 && reportsLoad: limit
            case .fifth: limit - max(1, limit / 5)
            case .uncrowded: uncrowded ?? limit
            }
        let tried = min(max(target, bounds.lowerBound), bounds.upperBound)
        let isTooSlow = latencyMax.map { longest * Double(tried) / Double(limit) > $0 } ?? false
        guard tried != limit, tried < limit || !(serverQueues || isTooSlow) else {
            return hold(after: next)
        }
        trial = next
        move(to: tried, now: now)
    }

    private mutating func hold(after failed: Trial) {
        patience = min(patience * 2, Rule.patienceMax)
        windowsHeld = 0
        failedTrial = failed
        trial = nil
    }

    private mutating func move(to target: Int, now: TimePoint) {
        limit = min(max(target, bounds.lowerBound), bounds.upperBound)
        uncrowded = nil
        hasRoom = false
        // What is under way, and the answer that led here, were asked for under the former limit.
        window = ThroughputWindow(outstanding: underWay + 1, now: now)
    }
}

/// The work that a server finished in a stretch of time, and how much was asked of it.
///
/// Answers of a server that batches come in bursts. So a window goes from the end of one burst to
/// the end of another, else it would hold one burst too many or too few.
struct ThroughputWindow: Sendable {
    /// Answers to requests of before, which do not count.
    private var outstanding: Int
    private var begun: TimePoint
    /// When the last answer came: where the next window begins.
    private(set) var last: TimePoint
    private var answers = 0
    private var work = 0.0
    /// Requests under way, integrated over time.
    private var used = Duration.zero
    private var noted: TimePoint
    /// The slowest answer.
    private(set) var longest = Duration.zero

    /// Begins now, or with the last of so many answers.
    init(outstanding: Int, now: TimePoint) {
        self.outstanding = outstanding
        begun = now
        last = now
        noted = now
    }

    /// So many requests were under way until now.
    mutating func note(underWay: Int, now: TimePoint) {
        used += (now - max(noted, begun)) * underWay
        noted = now
    }

    /// An answer came.
    mutating func add(work: Double, latency: Duration, now: TimePoint) {
        last = now
        guard outstanding == 0 else {
            outstanding -= 1
            if outstanding == 0 { self = ThroughputWindow(outstanding: 0, now: now) }
            return
        }
        answers += 1
        self.work += work
        longest = max(longest, latency)
    }

    /// Whether the answers to requests of before have come.
    var isWarm: Bool { outstanding == 0 }

    /// Whether it held `enough` answers before the one that comes now, and that is the first of a
    /// burst; twice as many are enough in any case.
    func isComplete(_ enough: Int, now: TimePoint) -> Bool {
        guard outstanding == 0, answers >= enough,
            last - begun >= ConcurrencyLimit.Rule.windowMin
        else { return false }
        return answers >= 2 * enough || (now - last) * answers >= (now - begun) / 2
    }

    /// Work in a second.
    var rate: Double { work / ((last - begun) / .seconds(1)) }

    /// Requests under way, on average.
    var use: Double { used / max(noted - begun, .nanoseconds(1)) }
}
