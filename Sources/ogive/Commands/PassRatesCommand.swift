internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// `ogive pass-rates RUN`: how often the draws of a run passed its verifier.
struct PassRatesCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "pass-rates",
        abstract: "Show pass rates and pass@k of a run with a verifier, or choose prompts by them.",
        discussion: """
            A draw passes with a reward of 1; a run whose rewards are not all 0 or 1 needs
            --passes-from. pass@k is the estimate without bias from all draws of a prompt,
            on average over prompts with at least k rewards.

            With --keys the keys of the prompts between --min-rate and --max-rate are
            printed, one a line (with --json one object a line, with the interval): a
            filter for a curriculum. The function ogive.pass_rates gives all in SQL.

            Examples:
              ogive pass-rates gsm8k --k 1,8,32
              ogive pass-rates gsm8k --min-rate 0.2 --max-rate 0.8 --keys > keys.txt
            """)

    @Argument(help: "The run (default: the configuration's).")
    var name: String?

    @Option(help: "Numbers of draws for pass@k, separated by commas.")
    var k = "1"

    @Option(
        parsing: .unconditional,
        help: "The least reward with which a draw passes (default: rewards are 0 or 1).")
    var passesFrom: Double?

    @Option(help: "The least pass rate of the prompts to choose.")
    var minRate = 0.0

    @Option(help: "The greatest one.")
    var maxRate = 1.0

    @Flag(help: "Print the keys of the chosen prompts only.")
    var keys = false

    @Flag(help: "Print one JSON object; with --keys one for each prompt.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    /// Prompts that are read at once.
    private static let page = 1_000

    func run() async throws {
        let configuration = try file.load()
        let numbers = try counts()
        guard (0...1).contains(minRate), (minRate...1).contains(maxRate) else {
            throw CommandError(
                .configuration, "write 0 ≤ --min-rate ≤ --max-rate ≤ 1: pass rates are shares")
        }
        try await DatabaseSession.withStore(configuration) { store, _ in
            var request = PassRateRequest(
                run: try await configuration.runName(name, in: store), k: numbers)
            request.passesFrom = passesFrom
            (request.minRate, request.maxRate) = (minRate, maxRate)
            if keys { return try await showKeys(request, store) }
            let report = try await store.passRates(request)
            let style = TerminalStyle(
                descriptor: STDOUT_FILENO, environment: Environment.current)
            Output.show(
                json
                    ? [report.json(minRate, maxRate).json]
                    : report.lines(minRate, maxRate, style).map(style.shown))
        }
    }

    private func counts() throws(CommandError) -> [Int] {
        let numbers = k.split(separator: ",").map {
            Int($0.filter { !$0.isWhitespace })
        }
        let valid = numbers.compactMap(\.self).filter { (1...RunSpec.drawsMax).contains($0) }
        guard valid.count == numbers.count, (1...64).contains(valid.count) else {
            throw CommandError(
                .configuration,
                "--k \(k): write up to 64 numbers of draws, for example --k 1,8,32")
        }
        return Set(valid).sorted()
    }

    private func showKeys(_ request: PassRateRequest, _ store: PostgresStore) async throws {
        var cursor: PromptID?
        repeat {
            let (prompts, next) = try await store.passRatePrompts(
                request, after: cursor, limit: Self.page)
            if !prompts.isEmpty {
                Output.show(prompts.map { json ? $0.json.json : $0.key })
            }
            cursor = next
        } while cursor != nil
    }
}

extension PassRateReport {
    /// For a person.
    func lines(_ minRate: Double, _ maxRate: Double, _ style: TerminalStyle) -> [String] {
        var lines = ["run '\(run)': \(NumberText.count(prompts, "prompt")) with rewards"]
        guard let meanRate else { return lines }
        lines.append(
            "  pass rate  mean \(NumberText.decimal(meanRate, 4)); no draw passed of "
                + "\(NumberText.count(neverPassed)) prompts, every draw of "
                + "\(NumberText.count(alwaysPassed))")
        for estimate in passAt {
            guard let mean = estimate.mean else {
                lines.append("  pass@\(estimate.k): no prompt has so many rewards")
                continue
            }
            let error = estimate.standardError.map { " ± \(NumberText.decimal($0, 4))" } ?? ""
            lines.append(
                "  pass@\(estimate.k)  \(NumberText.decimal(mean, 4))\(error)"
                    + (estimate.prompts < prompts
                        ? " (of \(NumberText.count(estimate.prompts)) prompts with so many rewards)"
                        : ""))
        }
        if minRate > 0 || maxRate < 1 {
            lines.append(
                "  in \(minRate)…\(maxRate): \(NumberText.count(chosen, "prompt")) "
                    + "(--keys prints their keys)")
        }
        return lines + ["", "share of prompts with a pass rate ≤ x:"]
            + TextECDF(width: style.plotWidth).lines(rates)
    }

    /// For a script.
    func json(_ minRate: Double, _ maxRate: Double) -> ExactJSON {
        func number(_ value: Double?) -> ExactJSON { value.map { .number("\($0)") } ?? .null }
        return .output([
            "run": .string(run), "prompts": .number("\(prompts)"),
            "never_passed": .number("\(neverPassed)"),
            "always_passed": .number("\(alwaysPassed)"), "mean_pass_rate": number(meanRate),
            "min_rate": number(minRate), "max_rate": number(maxRate),
            "chosen": .number("\(chosen)"),
            "pass_at": .array(
                passAt.map { estimate in
                    .object([
                        "k": .number("\(estimate.k)"),
                        "prompts": .number("\(estimate.prompts)"),
                        "mean": number(estimate.mean),
                        "standard_error": number(estimate.standardError),
                    ])
                }),
        ])
    }
}

extension PassRateReport.Prompt {
    /// For a script: a line.
    var json: ExactJSON {
        .output([
            "prompt": .string(key), "n": .number("\(count)"), "passed": .number("\(passed)"),
            "pass_rate": .number("\(rate)"), "lower": .number("\(lower)"),
            "upper": .number("\(upper)"),
        ])
    }
}
