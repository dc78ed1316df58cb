internal import ArgumentParser
internal import Migrations
internal import OgiveStore

/// `ogive migrate up|down|status`: brings the schema to this program's version.
struct MigrateCommand: AsyncParsableCommand {
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

    @OptionGroup var file: ConfigurationOption

    func run() async throws {
        let configuration = try file.load()
        try await DatabaseSession.with(configuration, schema: .ignored) { session in
            try await migrate(Migrator(session.connection))
        }
    }

    private func migrate(_ migrator: Migrator) async throws {
        switch action {
        case .up:
            let applied = try await migrator.up()
            for migration in applied { print("applied \(migration.number) \(migration.name)") }
            if applied.isEmpty { print("nothing to do: the schema is up to date") }
        case .down:
            guard let to, yes else {
                throw CommandError(
                    .configuration,
                    "`migrate down` loses data: say how far with `--to NUMBER`, and `--yes`")
            }
            for migration in try await migrator.down(to: to) {
                print("took back \(migration.number) \(migration.name)")
            }
        case .status:
            let status = try await migrator.status()
            for migration in status.applied {
                print("applied  \(migration.number) \(migration.name)")
            }
            for migration in status.pending {
                print("pending  \(migration.number) \(migration.name)")
            }
            for name in status.unknown { print("unknown  \(name)") }
        }
    }
}
