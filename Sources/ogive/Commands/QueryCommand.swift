internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore
internal import QuantileRewards

/// `ogive query RUN --prompt KEY`: the table of a prompt, and the quantile reward of a reward.
struct QueryCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Show a prompt's quantile table, its completions, or a quantile reward.",
        discussion: """
            Examples:
              ogive query quickstart --prompt held-out-000 --config config/quickstart.yaml
              ogive query quickstart --prompt held-out-000 --reward -0.1
              ogive query gsm8k --prompt 3f9a1c --completions
            """)

    @Argument(help: "The run.")
    var name: String

    @Option(help: "The prompt: its key, the beginning of its key, or its number.")
    var prompt: String

    @Option(
        parsing: .unconditional,
        help: "A raw reward: prints its quantile reward, #{reference rewards ≤ it} / n.")
    var reward: Double?

    @Flag(help: "Show the texts of the prompt's draws as well.")
    var completions = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    var givenRun: String? { name }

    func validate() throws {
        if let reward, !reward.isFinite {
            throw ValidationError("--reward must be a finite number, not \(reward)")
        }
    }

    func run() async throws {
        let configuration = try file.load()
        let (table, draws) = try await DatabaseSession.withStore(configuration) { store, _ in
            let named = try await store.prompt(ofRun: name, meant: prompt)
            let table = try await store.table(ofRun: name, prompt: .key(named.key))
            let draws =
                try await completions ? store.completions(ofRun: name, prompt: named.id) : []
            return (table, draws)
        }
        let distribution = EmpiricalDistribution(table.rewards)
        let quantile = reward.flatMap { distribution?.quantileReward(of: $0) }
        if json {
            Output.show(json(table, quantile, draws).json)
            return
        }
        if let quantile { Output.show("\(quantile)") } else { show(table) }
        show(draws)
    }

    private func show(_ table: QuantileTable) {
        let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
        let state = table.isComplete ? "" : " (incomplete: the run asks for \(table.draws))"
        Output.show(
            "prompt \(PromptText.short(table.promptKey)) (#\(table.prompt.rawValue)): "
                + NumberText.count(table.rewards.count, "reward") + state)
        let plot = TextECDF(width: style.plotWidth).lines(table.rewards)
        Output.show(plot.map(style.shown))
        Output.show(table.rewards.map { NumberText.decimal($0, 4) }.joined(separator: " "))
    }

    private func show(_ draws: [ScoredCompletion]) {
        for draw in draws {
            var facts = ["draw \(draw.draw)"]
            if let reward = draw.reward { facts.append("reward \(NumberText.decimal(reward, 4))") }
            if let quantile = draw.quantileReward {
                facts.append("quantile reward \(NumberText.decimal(quantile, 4))")
            }
            if draw.reward == nil { facts.append("no reward") }
            if let tokens = draw.tokens { facts.append(NumberText.count(Int(tokens), "token")) }
            if draw.isTruncated { facts.append("truncated") }
            Output.show(["", facts.joined(separator: ", ")])
            Output.show(text: draw.text + "\n")
        }
    }

    private func json(
        _ table: QuantileTable, _ quantile: Double?, _ draws: [ScoredCompletion]
    ) -> ExactJSON {
        let rewards = table.rewards.map { ExactJSON.number("\($0)") }
        var fields: JSONFields = [
            "run": .string(name), "prompt": .string(table.promptKey),
            "prompt_id": .number("\(table.prompt.rawValue)"),
            "n": .number("\(rewards.count)"), "draws": .number("\(table.draws)"),
            "complete": .bool(table.isComplete), "rewards": .array(rewards),
        ]
        if let reward { fields["reward"] = .number("\(reward)") }
        if let quantile { fields["quantile_reward"] = .number("\(quantile)") }
        if completions { fields["completions"] = .array(draws.map(\.json)) }
        return .output(fields)
    }
}

extension ScoredCompletion {
    /// For a script.
    var json: ExactJSON {
        func number(_ value: (some CustomStringConvertible)?) -> ExactJSON {
            value.map { .number("\($0)") } ?? .null
        }
        return .object([
            "draw_index": .number("\(draw)"), "text": .string(text), "reward": number(reward),
            "quantile_reward": number(quantileReward),
            "log_probability": number(logProbability), "token_count": number(tokens),
            "truncated": .bool(isTruncated),
        ])
    }
}
