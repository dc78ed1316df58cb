internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Postgres
internal import Subprocess
internal import SystemPackage

/// `ogive psql`: opens the database of a configuration, started for the occasion if need be.
struct PsqlCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "psql",
        abstract: "Open the database in psql.",
        discussion: """
            An embedded database is started when it does not run, and stopped afterwards.

            Examples:
              ogive psql --config config/quickstart.yaml
              ogive psql --config config/quickstart.yaml -- -c 'SELECT * FROM ogive.run_status'
            """)

    @OptionGroup var file: ConfigurationOption

    @Argument(parsing: .postTerminator, help: "Arguments for psql.")
    var arguments: [String] = []

    func run() async throws {
        let configuration = try file.load()
        let status = try await DatabaseSession.with(configuration, schema: .ignored) { session in
            // An interrupt is psql's: it ends the statement, not the session.
            signal(SIGINT, SIG_IGN)
            return try await psql(session.connection)
        }
        if case .exited(let code) = status, code != 0 { throw ExitCode(code) }
    }

    private func psql(_ connection: PostgresConfiguration) async throws -> TerminationStatus {
        do {
            var environment: [Subprocess.Environment.Key: String?] = [:]
            for (name, value) in connection.environment {
                if let key = Subprocess.Environment.Key(rawValue: name) { environment[key] = value }
            }
            return try await Subprocess.run(
                .name("psql"), arguments: .init(["-X"] + arguments),
                environment: .inherit.updating(environment),
                input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
                output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            ).terminationStatus
        } catch {
            throw CommandError(
                .unavailable, "psql cannot be started: install Debian's postgresql-client",
                cause: "\(error)")
        }
    }
}
