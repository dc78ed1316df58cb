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
            stored == nil ? try DoctorCommand.sample(configuration, &findings) : .ownQuestions
        let begun = ContinuousClock.now
        // A burst costs a launched server nothing but time.
        let isLaunched = configuration.policy?.endpoint.launch != nil
        let report = try await ModelDoctor(
            configuration: configuration, provider: models.provider(), sample: sample,
            measuresThroughput: isLaunched, shared: SharedTime(total), stored: stored,
            restarted: models.restarted
        ).examine()
        var found = report.findings + LaunchDoctor(configuration: configuration).examine()
        if case .embedded(let folder) = configuration.database?.location {
            let bytes = report.estimate?.bytes ?? leastBytes(sample)
            found += PlaceDoctor(configuration: configuration, bytes: bytes).space(folder)
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
                JSONValue.output([
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
                + "preflight found; mend them (see "
                + "`ogive doctor`), or give --no-preflight to run all the same")
    }

    /// Bytes that the run stores at least, its texts not counted; `nil` without prompts to count.
    private func leastBytes(_ sample: PromptSample) -> Int? {
        guard sample.count > 0, let run = configuration.run else { return nil }
        return sample.count * run.draws * Estimate.bytesPerDraw
    }
}
