internal import Glibc

/// Shows on a terminal how far an import is, once it takes more than two seconds.
struct ImportProgress {
    private let path: String
    private let style: TerminalStyle
    private let begun = ContinuousClock.now
    private var rows = 0
    private var shownAt: ContinuousClock.Instant?

    /// Names the file.
    init(path: String) {
        self.path = path
        style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
    }

    /// Counts rows, and shows the state now and then.
    mutating func update(rows: Int, fraction: Double?) {
        self.rows += rows
        let now = ContinuousClock.now
        guard style.isTerminal, now - begun > .seconds(2),
            shownAt.map({ now - $0 > .milliseconds(200) }) ?? true
        else { return }
        shownAt = now
        var text = "importing \(Printable.line(path)): \(NumberText.count(self.rows)) rows"
        if let fraction, fraction > 0 {
            let left = (now - begun) * ((1 - fraction) / fraction)
            text += " · \(NumberText.decimal(fraction * 100, 0)) % · ETA \(NumberText.time(left))"
        }
        Output.show(progress: style.clearing + text)
    }

    /// Clears the line.
    func finish() {
        if shownAt != nil { Output.show(progress: style.clearing) }
    }
}
