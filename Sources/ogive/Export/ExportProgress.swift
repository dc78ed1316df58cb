internal import Glibc

/// Shows on a terminal how far an export is, once it takes more than two seconds.
struct ExportProgress {
    /// Prompts with a table.
    var total = 0
    private let name: String
    private let style: TerminalStyle
    private let begun = ContinuousClock.now
    private var prompts = 0
    private var shownAt: ContinuousClock.Instant?

    /// Names the output.
    init(name: String) {
        self.name = name
        style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
    }

    /// Counts prompts, and shows the state now and then.
    mutating func update(prompts: Int) {
        self.prompts += prompts
        let now = ContinuousClock.now
        guard style.isTerminal, now - begun > .seconds(2),
            shownAt.map({ now - $0 > .milliseconds(200) }) ?? true
        else { return }
        shownAt = now
        var text = "exporting \(Printable.line(name)): \(NumberText.count(self.prompts)) prompts"
        if total > self.prompts {
            let fraction = Double(self.prompts) / Double(total)
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
