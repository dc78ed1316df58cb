internal import OgiveCore

/// Shows how far a run is: lines that are redrawn in place on a terminal, else a line every ten
/// seconds, or JSON lines.
///
/// On a terminal the cursor stands at the beginning of the first of these lines. Whoever else
/// writes clears from there to the end of the screen (`TerminalStyle.clear`), so that no line of a
/// log is written over, and they are drawn again below it.
struct ProgressLine {
    /// How progress is shown.
    enum Form: Hashable, Sendable {
        /// Lines that are redrawn.
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
    /// The terminal as it is now.
    var style: TerminalStyle
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
        guard form == .redrawn else { return show(snapshot, at: time) }
        isOpen = false
        return style.clearing + lines(snapshot, at: time).joined(separator: "\n") + "\n"
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
            let facts = counts(snapshot) + speeds(snapshot) + end(snapshot, at: time)
            let text = style.shown((facts + money(snapshot) + waits).joined(separator: " · "))
            return Printable.line(text) + "\n"
        case .json: return Printable.line(json(snapshot, at: time)) + "\n"
        case .redrawn:
            isOpen = true
            return style.clearing + style.parked(lines(snapshot, at: time))
        }
    }

    private func counts(_ snapshot: ProgressSnapshot) -> [String] {
        let done = NumberText.count(snapshot.done)
        var facts = [
            "\(done)/\(NumberText.count(snapshot.total, "draw"))"
                + Self.failed(snapshot.failures)
        ]
        if snapshot.candidatesTotal > 0 {
            facts.append(
                "\(NumberText.count(snapshot.candidatesDone))/"
                    + "\(NumberText.count(snapshot.candidatesTotal)) of candidates"
                    + Self.failed(snapshot.candidateFailures))
        }
        return facts
    }

    /// Rates of late and since the beginning.
    private func speeds(_ snapshot: ProgressSnapshot) -> [String] {
        func fact(_ now: Double?, _ average: Double?, _ unit: String) -> String? {
            guard let now else { return nil }
            let mean = average.map { " (average \(NumberText.rate($0)))" } ?? ""
            return "\(NumberText.rate(now)) \(unit)\(mean)"
        }
        var facts = [fact(rates.drawsPerSecond, rates.averageDrawsPerSecond, "draws/s")]
        if snapshot.tokens > 0 {
            facts.append(fact(rates.tokensPerSecond, rates.averageTokensPerSecond, "tokens/s"))
        }
        return facts.compactMap(\.self)
    }

    private func end(_ snapshot: ProgressSnapshot, at time: Duration) -> [String] {
        if snapshot.itemsDone >= snapshot.itemsTotal { return ["took \(NumberText.time(time))"] }
        return [
            rates.isStalled ? "stalled" : "ETA \(rates.remaining.map(NumberText.time) ?? "?")"
        ]
    }

    private func money(_ snapshot: ProgressSnapshot) -> [String] {
        guard let cost = snapshot.cost else { return [] }
        let whole = snapshot.estimatedCost.map { " of about \(NumberText.cost($0))" } ?? ""
        let isDone = snapshot.done >= snapshot.total
        return ["cost \(NumberText.cost(cost))\(isDone ? "" : whole)"]
    }

    /// Which side the slots waited for of late.
    private var waits: [String] { rates.slotTime.waitsText.map { ["waits for \($0)"] } ?? [] }

    /// How many of what is done have a failure in place of a reward.
    private static func failed(_ count: Int) -> String {
        count > 0 ? ", \(NumberText.count(count)) of them failed" : ""
    }

    /// Columns that stay free behind a line, for the terminal's `^C`.
    private static let margin = 3
    /// On a terminal with fewer rows there is one line.
    private static let rowsMin = 8

    /// Most lines below the bar.
    private static let linesMax = 3

    /// What a terminal shows: the bar with how far the run is, and below it rates, cost and what
    /// waits; one line where there are few rows.
    private func lines(_ snapshot: ProgressSnapshot, at time: Duration) -> [String] {
        let (counts, speeds) = (counts(snapshot), speeds(snapshot))
        let (end, money) = (end(snapshot, at: time), money(snapshot))
        guard style.height >= Self.rowsMin else {
            return [
                line(counts.prefix(1) + speeds + counts.dropFirst() + end + money, snapshot)
            ]
        }
        return [line(counts + end, snapshot)] + flow(speeds + money + waits)
    }

    /// Bar, percentage and as many facts as fit into one line less its margin.
    private func line(_ facts: [String], _ snapshot: ProgressSnapshot) -> String {
        let percent = "\(Int(snapshot.fraction * 100))%"
        let start = String(repeating: " ", count: 4 - percent.count) + percent
        let barWidth = min(24, style.width - Self.margin - start.count - 26)
        let bar = barWidth >= 6 ? " \(self.bar(snapshot.fraction, width: barWidth))" : ""
        var room = style.width - Self.margin - start.count - bar.count
        var text = PaintedText(start)
        text += style.paint(bar, .cyan)
        for fact in facts {
            guard fact.count + 2 <= room else { break }
            text += PaintedText("  ")
            text += fact.contains("failed") ? style.paint(fact, .red) : PaintedText(fact)
            room -= fact.count + 2
        }
        return style.shown(text).line
    }

    /// Facts on as many lines as they need; one that is longer than a line is left out.
    private func flow(_ facts: [String]) -> [String] {
        let indent = "     "
        var lines: [String] = []
        for fact in facts.map({ style.shown($0) }) {
            let room = style.width - Self.margin
            if let last = lines.last, last.count + 2 + fact.count <= room {
                lines[lines.count - 1] = "\(last)  \(fact)"
            } else if indent.count + fact.count <= room {
                lines.append(indent + fact)
            }
        }
        return lines.prefix(Self.linesMax).map(Printable.line)
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
            "average_draws_per_second": number(rates.averageDrawsPerSecond, 3),
            "average_tokens_per_second": number(rates.averageTokensPerSecond, 3),
            "waits": rates.slotTime.waitsJSON,
            "eta_seconds": number(rates.remaining.map { $0 / .seconds(1) }, 0),
        ]).json
    }
}
