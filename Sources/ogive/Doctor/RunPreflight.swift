internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgivePreflight

/// What `ogive run` looks at before the first draw: its models, with the servers that it started.
struct RunPreflight {
    /// The configuration.
    var configuration: Configuration
    /// Whether the output is JSON lines.
    var json: Bool
    /// The time that all checks share.
    var total = SharedTime.standard
    /// What is to be scored, when nothing is sampled.
    var stored: StoredDraws?

    /// Shows warnings, and throws when there is an error: then nothing is sampled. Returns how many
    /// draws a second to expect of a policy that was launched.
    func run(_ models: ModelWiring) async throws -> Double? {
        var findings: [Finding] = []
        let sample =
            stored == nil
            ? try await DoctorCommand.sample(configuration, &findings) : .ownQuestions
        let begun = ContinuousClock.now
        // A burst costs a launched server nothing but time.
        let isLaunched = configuration.policy?.endpoint.launch != nil
        let report = try await ModelDoctor(
            configuration: configuration, provider: models.provider(), sample: sample,
            measuresThroughput: isLaunched, shared: SharedTime(total), stored: stored,
            restarted: models.restarted
        ).examine()
        // What was broken off says nothing of the models.
        try Task.checkCancellation()
        var found = report.findings
        if stored == nil {
            found = SampleDoctor(configuration: configuration, sample: sample).examine() + found
        }
        found += LaunchDoctor(configuration: configuration).examine()
        if case .embedded(let folder) = configuration.database?.location {
            let bytes = report.estimate?.bytes ?? leastBytes(sample)
            found += EnvironmentDoctor(configuration: configuration, bytes: bytes).space(folder)
        }
        // As without a preflight: who is not there, or wants another key, has an exit code.
        if let failure = report.failure, failure.concernsEndpoint || failure.isServerGone {
            throw failure
        }
        let elapsed = ContinuousClock.now - begun
        let style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
        let text = FindingText(style: style)
        if json {
            Output.show(
                ExactJSON.output([
                    "event": .string("preflight"),
                    "findings": .array(found.map(\.json)),
                ]).json)
        } else {
            let shown = found.filter { $0.severity >= .note }.flatMap(text.text)
            let took = NumberText.decimal(elapsed / .seconds(1), 1)
            let last = PaintedText("preflight: \(text.summary(found)) (\(took) s)")
            Output.show(shown + [last], on: STDERR_FILENO)
        }
        guard found.worst == .error else { return report.estimate?.drawsPerSecond }
        throw CommandError(
            .incomplete,
            "nothing was \(stored == nil ? "sampled" : "scored"), because of the errors that the "
                + "preflight found; fix them (see "
                + "`ogive doctor`), or give --no-preflight to run all the same")
    }

    /// Bytes that the run stores at least, its texts not counted; `nil` without prompts to count.
    private func leastBytes(_ sample: PromptSample) -> Int? {
        guard sample.count > 0, let run = configuration.run else { return nil }
        return sample.count * run.draws * Estimate.bytesPerDraw
    }
}

/// Findings as people and scripts read them.
struct FindingText {
    /// What the output can show.
    var style: TerminalStyle

    /// Everything, the worst last, where it is seen: each with its mark, code, place and advice.
    func lines(_ findings: [Finding]) -> [PaintedText] {
        var lines: [PaintedText] = []
        for severity in Finding.Severity.allCases {
            let group = findings.filter { $0.severity == severity }
            if group.isEmpty { continue }
            if !lines.isEmpty { lines.append(PaintedText("")) }
            for finding in group { lines += text(finding) }
        }
        return lines + [PaintedText(""), PaintedText(summary(findings))]
    }

    /// One finding in one or two lines.
    func text(_ finding: Finding) -> [PaintedText] {
        let mark = style.paint(Self.mark(finding.severity), Self.colour(finding.severity))
        let code = finding.code.rawValue
        let room = String(repeating: " ", count: max(1, 25 - code.count))
        let message = PromptText.shortening(Printable.line(finding.message))
        let first = mark + " \(code)\(room)\(finding.place): \(message)"
        return [first] + (finding.advice.map { [PaintedText("          → \($0)")] } ?? [])
    }

    /// How many there are of each kind.
    func summary(_ findings: [Finding]) -> String {
        Finding.Severity.allCases.reversed().compactMap { severity in
            let count = findings.count { $0.severity == severity }
            guard count > 0 else { return nil }
            return "\(count) \(severity.rawValue)" + (severity == .ok || count == 1 ? "" : "s")
        }.joined(separator: ", ")
    }

    private static func mark(_ severity: Finding.Severity) -> String {
        let word = severity.rawValue
        return word + String(repeating: " ", count: 8 - word.count)
    }

    private static func colour(_ severity: Finding.Severity) -> TerminalStyle.Colour {
        switch severity {
        case .ok: .green
        case .note: .cyan
        case .warning: .yellow
        case .error: .red
        }
    }
}

extension Finding {
    /// For a script.
    var json: ExactJSON {
        .object([
            "code": .string(code.rawValue), "severity": .string(severity.rawValue),
            "place": .string(place), "message": .string(message),
            "advice": advice.map(ExactJSON.string) ?? .null,
        ])
    }
}

/// How long the checks before a run may take together.
struct PreflightTime: ParsableArguments {
    @Option(
        name: .customLong("preflight-timeout"),
        help: ArgumentHelp(
            "The time that all checks of the models share (default: 1m).", valueName: "duration"))
    var text: String?

    /// The time.
    var total: Duration { text.flatMap(DurationText.parse) ?? SharedTime.standard }

    func validate() throws {
        if let text, DurationText.parse(text).map({ $0 > .zero }) != true {
            throw ValidationError(
                "--preflight-timeout '\(text)' is no duration; write it like 30s, 5m or 1h")
        }
    }
}
