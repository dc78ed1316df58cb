internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Postgres
internal import Subprocess
internal import SystemPackage

/// `ogive psql`: opens the database of a configuration, started for the occasion if need be.
struct PsqlCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "psql",
        abstract: "Open the database in psql.",
        discussion: """
            An embedded database is started when it does not run, and stopped afterwards.

            Examples:
              ogive psql --config config/quickstart.yaml
              ogive psql -- -c 'SELECT * FROM ogive.run_status'
              ogive psql --program python3 -- train.py
            """)

    @OptionGroup var file: ConfigurationOption

    @Option(
        help: """
            A program to run in place of psql: anything that uses libpq finds the database by the \
            environment it gets (PGHOST, PGUSER, …).
            """)
    var program = "psql"

    @Argument(parsing: .postTerminator, help: "Arguments for psql, or for the program.")
    var arguments: [String] = []

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        let status = try await DatabaseSession.with(configuration, schema: .ignored) { session in
            // An interrupt is psql's: it ends the statement, not the session.
            signal(SIGINT, SIG_IGN)
            return try await psql(session.connection)
        }
        switch status {
        case .exited(0): return
        case .exited(let code): throw ExitCode(code)
        // As a shell says it.
        case .signaled(let number): throw ExitCode(128 + number)
        }
    }

    private func psql(_ connection: PostgresConfiguration) async throws -> TerminationStatus {
        do {
            var environment: [Subprocess.Environment.Key: String?] = [:]
            for (name, value) in connection.environment {
                if let key = Subprocess.Environment.Key(rawValue: name) { environment[key] = value }
            }
            return try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: .init((program == "psql" ? ["-X"] : []) + arguments),
                environment: .inherit.updating(environment),
                input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
                output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            ).terminationStatus
        } catch {
            throw CommandError(
                .unavailable,
                program == "psql"
                    ? "psql cannot be started: install Debian's postgresql-client"
                    : "\(program) cannot be started: is it there, and may it be run?",
                cause: "\(error)")
        }
    }
}
