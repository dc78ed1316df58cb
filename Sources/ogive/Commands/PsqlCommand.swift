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
            You may read its views and call its functions, and --write lets you change
            everything. On a PostgreSQL server you have the rights of your login.

            Examples:
              ogive psql --config config/quickstart.yaml
              ogive psql -- -c 'SELECT * FROM ogive.run_status'
              ogive psql --write -- -c 'CREATE TABLE mine (key text, score float8)'
              ogive psql --program python3 -- train.py
            """)

    @OptionGroup var file: ConfigurationOption

    @Option(
        help: """
            A program to run in place of psql: anything that uses libpq finds the database by the \
            environment it gets (PGHOST, PGUSER, …).
            """)
    var program = "psql"

    @Flag(help: "Have the owner's rights in an embedded database, and not only the reader's.")
    var write = false

    @Argument(parsing: .postTerminator, help: "Arguments for psql, or for the program.")
    var arguments: [String] = []

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        try requireConfiguration()
        let configuration = try file.load()
        let status = try await DatabaseSession.with(configuration, schema: .ignored) { session in
            var options: String?
            if session.isEmbedded, !write, try await hasReader(session.connection) {
                let own = Environment.current["PGOPTIONS"].map { $0 + " " } ?? ""
                options = own + "-c role=\(Self.reader)"
            }
            // An interrupt is psql's: it ends the statement, not the session.
            signal(SIGINT, SIG_IGN)
            return try await psql(session.connection, options: options)
        }
        switch status {
        case .exited(0): return
        case .exited(let code): throw ExitCode(code)
        // As a shell says it.
        case .signaled(let number): throw ExitCode(128 + number)
        }
    }

    /// The role that may read the views and call the functions.
    private static let reader = "ogive_reader"

    /// Whether the database has that role: one that was never migrated has not.
    private func hasReader(_ configuration: PostgresConfiguration) async throws -> Bool {
        let connection = try await PostgresConnection.connect(configuration)
        let rows = try await connection.query(
            "SELECT 1 FROM pg_roles WHERE rolname = $1", [.string(Self.reader)])
        await connection.close()
        return !rows.isEmpty
    }

    /// Throws when `-c` has a statement, as psql's own `-c` would.
    private func requireConfiguration() throws(CommandError) {
        guard let text = file.config, text.contains(" "),
            !FileManager.default.fileExists(atPath: text)
        else { return }
        throw CommandError(
            .configuration,
            "there is no configuration '\(text)'. Here -c names the configuration; psql's own "
                + "options stand behind --, as in: ogive psql -- -c '\(text)'")
    }

    /// The program to run; where the system has no psql, the one of `ogive[local]`.
    private static func executable(_ program: String) async -> Subprocess.Executable {
        let files = FileManager.default
        let path = (Environment.current["PATH"] ?? "").split(separator: ":")
        if program == "psql",
            !path.contains(where: { files.isExecutableFile(atPath: "\($0)/psql") })
        {
            let found = await PythonPackages.postgresPrograms.folders()
                .first { files.isExecutableFile(atPath: $0 + "/psql") }
            if let found { return .path(FilePath(found + "/psql")) }
        }
        return program.contains("/") ? .path(FilePath(program)) : .name(program)
    }

    /// `options` are the server's, for the session.
    private func psql(
        _ connection: PostgresConfiguration, options: String?
    ) async throws -> TerminationStatus {
        let executable = await Self.executable(program)
        do {
            var environment: [Subprocess.Environment.Key: String?] = [:]
            if let options { environment["PGOPTIONS"] = options }
            for (name, value) in connection.environment {
                if let key = Subprocess.Environment.Key(rawValue: name) { environment[key] = value }
            }
            return try await Subprocess.run(
                executable,
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
