internal import ArgumentParser
internal import Migrations
internal import OgiveStore

/// `ogive migrate up|down|status`: brings the schema to this program's version.
struct MigrateCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create, update, inspect or remove Ogive's schema in a database.",
        discussion: """
            Examples:
              ogive migrate status --config config/vllm.yaml
              ogive migrate up --config config/vllm.yaml
              ogive migrate down --to 0 --yes    (removes everything, data included)
            """)

    /// What is to be done.
    enum Action: String, CaseIterable, ExpressibleByArgument {
        case up, down, status
    }

    @Argument(help: "up, down or status.")
    var action: Action

    @Option(help: "With `down`: the number of the last migration to keep (0: none).")
    var to: Int?

    @Flag(help: "With `down`: yes, the data may be lost.")
    var yes = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        try await DatabaseSession.with(
            configuration, schema: .ignored, makes: action == .up
        ) { session in
            try await migrate(Migrator(session.connection))
        }
    }

    /// What was done, or where the schema stands.
    private struct Outcome {
        var applied: [Migration] = []
        var takenBack: [Migration] = []
        var pending: [Migration] = []
        var unknown: [String] = []
    }

    private func migrate(_ migrator: Migrator) async throws {
        var outcome = Outcome()
        switch action {
        case .up: outcome.applied = try await migrator.up()
        case .down:
            guard let to, yes else {
                throw CommandError(
                    .configuration,
                    "`migrate down` loses data: say how far with `--to NUMBER`, and `--yes`")
            }
            outcome.takenBack = try await migrator.down(to: to)
        case .status:
            let status = try await migrator.status()
            outcome.applied = status.applied
            outcome.pending = status.pending
            outcome.unknown = status.unknown
        }
        Output.show(json ? [object(outcome).json] : lines(outcome))
    }

    private func lines(_ outcome: Outcome) -> [String] {
        // One column where the states stand below each other.
        let gap = action == .status ? "  " : " "
        let lines =
            outcome.applied.map { "applied\(gap)\($0.number) \($0.name)" }
            + outcome.takenBack.map { "took back \($0.number) \($0.name)" }
            + outcome.pending.map { "pending\(gap)\($0.number) \($0.name)" }
            + outcome.unknown.map { "unknown\(gap)\($0)" }
        if action == .up, lines.isEmpty { return ["nothing to do: the schema is up to date"] }
        return lines.isEmpty ? ["nothing to do"] : lines
    }

    private func object(_ outcome: Outcome) -> JSONValue {
        func list(_ migrations: [Migration]) -> JSONValue {
            .array(
                migrations.map {
                    .object(["number": .number("\($0.number)"), "name": .string($0.name)])
                })
        }
        return .output([
            "action": .string(action.rawValue), "applied": list(outcome.applied),
            "taken_back": list(outcome.takenBack), "pending": list(outcome.pending),
            "unknown": .array(outcome.unknown.map(JSONValue.string)),
        ])
    }
}
