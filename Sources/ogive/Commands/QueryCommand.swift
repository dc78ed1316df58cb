internal import ArgumentParser
internal import OgiveCore
internal import OgiveStore
internal import QuantileRewards

/// `ogive query RUN --prompt KEY`: the table of a prompt, and the quantile reward of a reward.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Show the quantile table of a prompt, or the quantile reward of a reward.",
        discussion: """
            Examples:
              ogive query quickstart --prompt held-out-000 --config config/quickstart.yaml
              ogive query quickstart --prompt held-out-000 --reward 1.5
            """)

    @Argument(help: "The run.")
    var name: String

    @Option(help: "The prompt's key.")
    var prompt: String

    @Option(help: "A raw reward: prints its quantile reward, #{reference rewards ≤ it} / n.")
    var reward: Double?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    private func json(_ table: QuantileTable, _ quantile: Double?) -> JSONValue {
        let rewards = table.rewards.map { JSONValue.number("\($0)") }
        var fields: JSONFields = [
            "run": .string(name), "prompt": .string(table.promptKey),
            "n": .number("\(rewards.count)"), "complete": .bool(table.isComplete),
            "rewards": .array(rewards),
        ]
        if let reward { fields["reward"] = .number("\(reward)") }
        if let quantile { fields["quantile_reward"] = .number("\(quantile)") }
        return .object(fields)
    }

    func run() async throws {
        let configuration = try file.load()
        let table = try await DatabaseSession.withStore(configuration) { store, _ in
            try await store.table(ofRun: name, prompt: .key(prompt))
        }
        let distribution = EmpiricalDistribution(table.rewards)
        let quantile = reward.flatMap { distribution?.quantileReward(of: $0) }
        if json {
            print(json(table, quantile).json)
        } else if let quantile {
            print(quantile)
        } else {
            let state = table.isComplete ? "" : " (incomplete: \(table.draws) are asked for)"
            print("prompt \(table.promptKey): \(table.rewards.count) rewards\(state)")
            print(TextECDF().lines(table.rewards).joined(separator: "\n"))
            print(table.rewards.map { NumberText.decimal($0, 4) }.joined(separator: " "))
        }
    }
}
