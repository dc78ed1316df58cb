/// Shows how far a run is: a line that is redrawn on a terminal, else a line every ten seconds,
/// or JSON lines.
struct ProgressLine {
    /// How progress is shown.
    enum Form: Hashable, Sendable {
        /// One line that is redrawn.
        case redrawn
        /// A line from time to time.
        case plain
        /// A JSON object from time to time.
        case json
    }

    /// Least time between two plain or JSON lines.
    static let plainInterval = Duration.seconds(10)
    /// Least time between two drawings of the redrawn line.
    static let redrawInterval = Duration.milliseconds(100)

    private let form: Form
    private let style: TerminalStyle
    private var rates = RateEstimator()
    private var shownAt: Duration?
    private var isOpen = false

    /// Chooses the form: JSON when asked for, a redrawn line on a terminal, else plain.
    init(style: TerminalStyle, json: Bool = false) {
        self.style = style
        form = json ? .json : style.isTerminal ? .redrawn : .plain
    }

    /// Takes what is known at `time` since the start; answers with the text to be written now as it
    /// is (`Output.show(drawn:)`), control characters and line ends included, or `nil` when nothing
    /// is due.
    mutating func update(_ snapshot: ProgressSnapshot, at time: Duration) -> String? {
        rates.add(snapshot, at: time)
        let interval = form == .redrawn ? Self.redrawInterval : Self.plainInterval
        if let shownAt, time - shownAt < interval { return nil }
        return show(snapshot, at: time)
    }

    /// Draws per second of late; `nil` before there are two moments.
    var drawsPerSecond: Double? { rates.drawsPerSecond }

    /// The last state, due at once; leaves the cursor on a fresh line.
    mutating func finish(_ snapshot: ProgressSnapshot, at time: Duration) -> String {
        rates.add(snapshot, at: time)
        let text = show(snapshot, at: time)
        guard form == .redrawn else { return text }
        isOpen = false
        return text + "\n"
    }

    /// What must be written before any other line, so that it does not run into this one.
    mutating func interrupt() -> String {
        guard isOpen else { return "" }
        isOpen = false
        return style.clearing
    }

    private mutating func show(_ snapshot: ProgressSnapshot, at time: Duration) -> String {
        shownAt = time
        switch form {
        case .plain:
            let text = style.shown(facts(snapshot, at: time).joined(separator: " · "))
            return Printable.line(text) + "\n"
        case .json: return Printable.line(json(snapshot, at: time)) + "\n"
        case .redrawn:
            isOpen = true
            return style.clearing + line(snapshot, at: time)
        }
    }

    /// The facts in order of importance: a narrow terminal shows the first ones.
    private func facts(_ snapshot: ProgressSnapshot, at time: Duration) -> [String] {
        let done = NumberText.count(snapshot.done)
        var facts = [
            "\(done)/\(NumberText.count(snapshot.total, "draw"))"
                + Self.failed(snapshot.failures)
        ]
        if let rate = rates.drawsPerSecond { facts.append("\(NumberText.rate(rate)) draws/s") }
        if snapshot.candidatesTotal > 0 {
            facts.append(
                "\(NumberText.count(snapshot.candidatesDone))/"
                    + "\(NumberText.count(snapshot.candidatesTotal)) of candidates"
                    + Self.failed(snapshot.candidateFailures))
        }
        if snapshot.itemsDone >= snapshot.itemsTotal {
            facts.append("took \(NumberText.time(time))")
        } else {
            facts.append(
                rates.isStalled
                    ? "stalled" : "ETA \(rates.remaining.map(NumberText.time) ?? "?")")
        }
        if snapshot.tokens > 0, let rate = rates.tokensPerSecond {
            facts.append("\(NumberText.rate(rate)) tokens/s")
        }
        if let cost = snapshot.cost {
            let whole = snapshot.estimatedCost.map { " of about \(NumberText.cost($0))" } ?? ""
            let isDone = snapshot.done >= snapshot.total
            facts.append("cost \(NumberText.cost(cost))\(isDone ? "" : whole)")
        }
        return facts
    }

    /// How many of what is done have a failure in place of a reward.
    private static func failed(_ count: Int) -> String {
        count > 0 ? ", \(NumberText.count(count)) of them failed" : ""
    }

    /// Columns that stay free behind the line, for the terminal's `^C`.
    private static let margin = 3

    /// Bar, percentage and as many facts as fit into one line less its margin.
    private func line(_ snapshot: ProgressSnapshot, at time: Duration) -> String {
        let percent = "\(Int(snapshot.fraction * 100))%"
        let start = String(repeating: " ", count: 4 - percent.count) + percent
        let barWidth = min(24, style.width - Self.margin - start.count - 26)
        let bar = barWidth >= 6 ? " \(self.bar(snapshot.fraction, width: barWidth))" : ""
        var room = style.width - Self.margin - start.count - bar.count
        var text = PaintedText(start)
        text += style.paint(bar, .cyan)
        for fact in facts(snapshot, at: time) {
            guard fact.count + 2 <= room else { break }
            text += PaintedText("  ")
            text += fact.contains("failed") ? style.paint(fact, .red) : PaintedText(fact)
            room -= fact.count + 2
        }
        return text.line
    }

    /// A bar with eighths of a column; of whole columns where there is no Unicode.
    private func bar(_ fraction: Double, width: Int) -> String {
        guard style.hasUnicode else {
            let full = Int((fraction * Double(width)).rounded(.down))
            return "[" + String(repeating: "#", count: full)
                + String(repeating: " ", count: width - full) + "]"
        }
        let eighths = Int((fraction * Double(width * 8)).rounded(.down))
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let full = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
        return "▕" + full + String(repeating: " ", count: width - full.count) + "▏"
    }

    private func json(_ snapshot: ProgressSnapshot, at time: Duration) -> String {
        func number(_ value: Double?, _ digits: Int) -> ExactJSON {
            value.map { .number(NumberText.decimal($0, digits)) } ?? .null
        }
        return ExactJSON.object([
            "version": ExactJSON.outputVersion, "event": .string("progress"),
            "draws_done": .number("\(snapshot.done)"),
            "draws_total": .number("\(snapshot.total)"),
            "candidates_done": .number("\(snapshot.candidatesDone)"),
            "candidates_total": .number("\(snapshot.candidatesTotal)"),
            "failures": .number("\(snapshot.failures)"),
            "candidate_failures": .number("\(snapshot.candidateFailures)"),
            "tokens": .number("\(snapshot.tokens)"),
            "cost": number(snapshot.cost, 6),
            "estimated_cost": number(snapshot.estimatedCost, 6),
            "elapsed_seconds": number(time / .seconds(1), 3),
            "draws_per_second": number(rates.drawsPerSecond, 3),
            "tokens_per_second": number(rates.tokensPerSecond, 3),
            "eta_seconds": number(rates.remaining.map { $0 / .seconds(1) }, 0),
        ]).json
    }
}

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
        guard let first = samples.first, let last = samples.last else { return nil }
        let seconds = (last.time - first.time) / .seconds(1)
        guard seconds > 0 else { return nil }
        return max(0, Double(count(last.snapshot) - count(first.snapshot)) / seconds)
    }
}
