internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveDashboard
internal import OgiveStore

/// `ogive report [RUN]`: one page with all that a paper's appendix or a review asks of a run.
struct ReportCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a page about a run: what was sampled, distributions, audit, examples.",
        discussion: """
            The page is one HTML file. It loads nothing and runs nothing, so you can send
            it or print it. All of it is of one moment. A login that may only read the
            views gets all but the audit.

            Examples:
              ogive report quickstart --config config/quickstart.yaml
              ogive report gsm8k --output gsm8k.html --examples 0,0.5,1
            """)

    @Argument(help: "The run (default: the configuration's).")
    var name: String?

    @Option(help: "The file, - for standard output.", completion: .file(extensions: ["html"]))
    var output = "report.html"

    @Option(
        help: ArgumentHelp(
            "Shares of all prompts, in order of mean reward, at which an example stands.",
            valueName: "share,share…"))
    var examples = "0.05,0.25,0.5,0.75,0.95"

    @Flag(help: "Do not audit the rows, which may take as long as all else.")
    var noAudit = false

    @Flag(help: "Replace what is there.")
    var force = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    var givenRun: String? { name }

    func validate() throws {
        guard Self.shares(examples) != nil else {
            throw ValidationError(
                "--examples takes 1 to \(ReportBounds.examples) numbers from 0 to 1 with commas "
                    + "between them, such as 0.05,0.5,0.95, not '\(examples)'")
        }
    }

    /// The shares that a text names, ascending; `nil` when it is no list of them.
    static func shares(_ text: String) -> [Double]? {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let shares = words.compactMap { Double($0) }.filter { (0...1).contains($0) }
        guard shares.count == words.count, shares.count <= ReportBounds.examples else {
            return nil
        }
        return Set(shares).sorted()
    }

    func run() async throws {
        // access reads the path only during the call.
        if output != "-", !force, unsafe access(output, F_OK) == 0 {
            throw CommandError(
                .configuration, "\(output) is there already: give --force to replace it")
        }
        let configuration = try file.load()
        let report = try await DatabaseSession.withStore(configuration) { store, _ in
            var request = ReportRequest(run: try await configuration.runName(name, in: store))
            request.examples = Self.shares(examples) ?? request.examples
            request.audits = !noAudit
            var progress = ReportProgress(parts: ReportPart.allCases)
            defer { progress.finish() }
            return try await store.report(request) { progress.begin($0) }
        }
        let page = ReportPage(report, program: ProgramVersion.text)
        let target = try ExportFile(path: output, isGzip: false)
        try target.write(Array(page.document.utf8))
        let receipt = try target.finish()
        let lines = json ? [page.json(output, receipt).json] : page.lines(output, receipt)
        // Standard output may be the page itself.
        Output.show(lines, on: output == "-" ? STDERR_FILENO : STDOUT_FILENO)
    }
}

extension ReportPage {
    /// For a person.
    fileprivate func lines(_ output: String, _ receipt: ExportFile.Receipt) -> [String] {
        let counts = report.counts
        return [
            "\(output): run '\(report.source.run)', \(NumberText.count(counts.landed)) of "
                + "\(NumberText.count(counts.targetDraws, "draw")); audit: \(verdict)",
            "SHA-256 \(receipt.sha256)",
        ]
    }

    /// For a script.
    fileprivate func json(_ output: String, _ receipt: ExportFile.Receipt) -> ExactJSON {
        let (source, counts) = (report.source, report.counts)
        return .output([
            "run": .string(source.run), "output": .string(output),
            "bytes": .number("\(receipt.bytes)"), "sha256": .string(receipt.sha256),
            "state": .string(source.state),
            "sound": report.audit.map { .bool($0.isSound) } ?? .null,
            "sampling_sha256": .string(source.samplingSHA256),
            "scoring_sha256": .string(source.scoringSHA256),
            "target_draws": .number("\(counts.targetDraws)"),
            "landed": .number("\(counts.landed)"), "failures": .number("\(counts.failures)"),
            "pending": .number("\(counts.pending)"), "truncated": .number("\(counts.truncated)"),
            "tables": .number("\(report.tables?.count ?? 0)"),
            "degenerate": .number("\(report.tables?.degenerate ?? 0)"),
            "mean_reward": report.rewards.map { .number("\($0.mean)") } ?? .null,
        ])
    }
}

/// Shows on a terminal how far a report is, once it takes more than two seconds.
struct ReportProgress {
    private let style: TerminalStyle
    private let begun = ContinuousClock.now
    private let total: Double
    private var done = 0.0
    private var current: ReportPart?
    private var isShown = false

    /// Knows which parts are to come.
    init(parts: [ReportPart]) {
        style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
        total = parts.reduce(0) { $0 + $1.weight }
    }

    /// A part begins: the one before it is done.
    mutating func begin(_ part: ReportPart) {
        done += current?.weight ?? 0
        current = part
        let elapsed = ContinuousClock.now - begun
        guard style.isTerminal, elapsed > .seconds(2) else { return }
        isShown = true
        Output.show(progress: style.clearing + Self.text(part.rawValue, done / total, elapsed))
    }

    /// What is shown when the share `fraction` took `elapsed`.
    static func text(_ part: String, _ fraction: Double, _ elapsed: Duration) -> String {
        let text = "reporting: \(part)"
        guard fraction > 0 else { return text }
        let left = elapsed * ((1 - fraction) / fraction)
        return text
            + " · \(NumberText.decimal(fraction * 100, 0)) % · ETA \(NumberText.time(left))"
    }

    /// Clears the line.
    func finish() {
        if isShown { Output.show(progress: style.clearing) }
    }
}
