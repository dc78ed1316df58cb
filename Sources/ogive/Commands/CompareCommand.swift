internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive compare RUN [OTHER]`: how far rewards moved from one reference version to another.
struct CompareCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Show how far the rewards of a run's prompts moved to another version.",
        discussion: """
            With one run: from the version before it, that `ogive refresh` made it from, to
            the run. With two: from the first to the second, which must be of one prompt
            set and one scorer, each with completions of its own.

            Each prompt's two tables are compared by the distance of Kolmogorov and
            Smirnov, with its exact p-value. "moved" counts prompts so that at most the
            share --false-discoveries of them is among them by chance. The functions
            ogive.drift and ogive.drift_summary give all numbers in SQL.

            Examples:
              ogive compare quickstart-step-200
              ogive compare quickstart quickstart-step-200 --json
            """)

    @Argument(help: "The run; with OTHER the first of both.")
    var run: String

    @Argument(help: "The run that it is compared with.")
    var other: String?

    @Option(help: "The share of the prompts that moved that may be by chance.")
    var falseDiscoveries = 0.05

    @Option(help: "How many prompts are listed, the farthest first.")
    var list = 10

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        guard falseDiscoveries > 0, falseDiscoveries < 1 else {
            throw CommandError(.configuration, "--false-discoveries must be between 0 and 1")
        }
        guard (0...Self.listMax).contains(list) else {
            throw CommandError(.configuration, "--list must be in 0...\(Self.listMax)")
        }
        let configuration = try file.load()
        let report = try await DatabaseSession.withStore(configuration) { store, _ in
            let first = if other == nil { try await store.parent(ofRun: run) } else { run }
            return try await store.drift(
                from: first, to: other ?? run, falseDiscoveryRate: falseDiscoveries, most: list)
        }
        let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
        Output.show(json ? [report.json.json] : report.lines(style).map(style.shown))
    }

    /// Most prompts that are listed.
    private static let listMax = 10_000
}

extension DriftReport {
    /// For a person.
    func lines(_ style: TerminalStyle) -> [String] {
        var lines = [
            "from run '\(run)' to run '\(other)': \(NumberText.count(prompts, "prompt")) with "
                + "rewards in both"
                + (complete < prompts
                    ? ", of \(NumberText.count(complete)) of them all (the rest may change)" : "")
        ]
        guard prompts > 0 else { return lines }
        let share = NumberText.decimal(falseDiscoveryRate * 100, 1)
        lines.append(
            "  moved      \(NumberText.count(moved)) of \(NumberText.count(prompts)) prompts "
                + "(at most \(share) % of these by chance)")
        lines.append(
            "  distance   mean \(number(meanDistance)), largest \(number(largestDistance))")
        lines.append(
            "  mean       \(signed(meanShift))"
                + (meanShiftError.map { " ± \(NumberText.decimal($0, 4)) (standard error)" } ?? ""))
        let shifts = quantiles.map {
            "\(NumberText.decimal($0.p * 100, 0)) %: \(signed($0.shift))"
        }
        lines.append("  quantiles  " + shifts.joined(separator: ", "))
        lines += ["", "share of prompts with a distance ≤ x:"]
        lines += TextECDF(width: style.plotWidth).lines(distances)
        guard !farthest.isEmpty else { return lines }
        var table = TextTable(
            ["distance", "p-value", "mean shift", "rewards", "prompt"],
            [.right, .right, .right, .right])
        for prompt in farthest {
            table.add([
                NumberText.decimal(prompt.distance, 4), Self.text(ofPValue: prompt.pValue),
                signed(prompt.meanShift), "\(prompt.count), \(prompt.otherCount)", prompt.key,
            ])
        }
        return lines + [""] + table.lines(width: style.width)
    }

    private func number(_ value: Double?) -> String {
        value.map { NumberText.decimal($0, 4) } ?? "none"
    }

    private func signed(_ value: Double?) -> String {
        guard let value else { return "none" }
        return (value < 0 ? "" : "+") + NumberText.decimal(value, 4)
    }

    private static func text(ofPValue value: Double) -> String {
        value < 0.0001 ? "<0.0001" : NumberText.decimal(value, 4)
    }

    /// For a script.
    var json: ExactJSON {
        func number(_ value: Double?) -> ExactJSON { value.map { .number("\($0)") } ?? .null }
        return .output([
            "run": .string(run), "other": .string(other), "prompts": .number("\(prompts)"),
            "complete": .number("\(complete)"), "moved": .number("\(moved)"),
            "false_discovery_rate": number(falseDiscoveryRate),
            "mean_ks_distance": number(meanDistance),
            "largest_ks_distance": number(largestDistance), "mean_shift": number(meanShift),
            "mean_shift_standard_error": number(meanShiftError),
            "quantile_shifts": .array(
                quantiles.map { .object(["p": number($0.p), "shift": number($0.shift)]) }),
            "farthest": .array(
                farthest.map { prompt in
                    .object([
                        "prompt": .string(prompt.key), "n": .number("\(prompt.count)"),
                        "other_n": .number("\(prompt.otherCount)"),
                        "ks_distance": number(prompt.distance),
                        "ks_p_value": number(prompt.pValue),
                        "mean_shift": number(prompt.meanShift),
                    ])
                }),
        ])
    }
}
