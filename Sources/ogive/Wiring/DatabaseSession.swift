internal import Logging
internal import OgiveCore
internal import OgiveStore
internal import Postgres

/// The database of a configuration, for as long as a command needs it. An embedded one is started
/// when it does not run, and stopped when nobody else uses it.
struct DatabaseSession {
    /// How to connect.
    let connection: PostgresConfiguration
    /// The command that opens the database in `psql`, for people.
    let place: String
    private let server: EmbeddedPostgres?
    private let connectionsMax: Int

    /// Whether this program keeps the database's server.
    var isEmbedded: Bool { server != nil }

    /// How the schema is brought about.
    enum Schema {
        /// It must be this program's; an embedded database is migrated without asking.
        case required
        /// Missing migrations are applied.
        case migrated
        /// Nothing is looked at.
        case ignored
    }

    /// Opens the database and looks at its schema.
    private static func open(
        _ configuration: Configuration, schema: Schema, makes: Bool
    ) async throws -> Self {
        let database = try configuration.requiredDatabase()
        if !makes { try requirePresence(of: database, configuration.source) }
        let session = try await connect(database)
        do {
            let migrator = Migrator(session.connection, program: ProgramVersion.text)
            switch schema {
            case .ignored: break
            case .migrated: try await migrator.up()
            case .required where session.server != nil: try await migrator.up()
            case .required: try await migrator.check()
            }
        } catch {
            try await session.close()
            throw error
        }
        return session
    }

    /// Throws `.unavailable` for an embedded database that nobody has made: its folder may be
    /// mistyped, and a new one would be empty.
    private static func requirePresence(
        of database: DatabaseConfiguration, _ source: String
    ) throws(CommandError) {
        guard case .embedded(let folder) = database.location, !database.isPresent else { return }
        throw CommandError(
            .unavailable,
            "there is no database in \(folder), where `database.embedded` of \(source) says; "
                + "`ogive run`, `ogive submit`, `ogive import`, `ogive adopt` and "
                + "`ogive migrate up` make one. "
                + "Is the folder mistyped?")
    }

    /// Runs `body` with the open database, and closes it. An embedded one that is not there is
    /// made only when `makes` says so.
    static func with<Value>(
        _ configuration: Configuration, schema: Schema, makes: Bool = false,
        _ body: (DatabaseSession) async throws -> Value
    ) async throws -> Value {
        let session = try await open(configuration, schema: schema, makes: makes)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(session))
        } catch {
            result = .failure(error)
        }
        try await session.close()
        return try result.get()
    }

    /// Runs `body` with a store on the database, and closes both.
    static func withStore<Value>(
        _ configuration: Configuration, schema: Schema = .required, makes: Bool = false,
        _ body: (PostgresStore, DatabaseSession) async throws -> Value
    ) async throws -> Value {
        try await with(configuration, schema: schema, makes: makes) { session in
            let store = session.store(LogSetup.logger("store", configuration.log))
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(store, session))
            } catch {
                result = .failure(error)
            }
            await store.close()
            return try result.get()
        }
    }

    /// A store with connections of its own.
    private func store(_ logger: Logger) -> PostgresStore {
        PostgresStore(connection, connectionsMax: connectionsMax, logger: logger)
    }

    /// Ends the use of an embedded database.
    private func close() async throws {
        try await server?.stop()
    }

    private static func connect(_ database: DatabaseConfiguration) async throws -> Self {
        switch database.location {
        case .embedded(let directory):
            let server = try await EmbeddedPostgres.start(
                directory: directory, elsewhere: PythonPackages.postgresPrograms,
                notify: { Output.warn("note: \($0)\n") })
            return Self(
                connection: tuned(server.configuration, database), place: directory,
                server: server, connectionsMax: database.connections)
        case .server(let url, let password):
            var connection = try PostgresConfiguration(url)
            switch password?.source {
            case .file(let path): try connection.readPassword(file: path)
            case .environment: connection["password"] = try password?.value(in: Environment.current)
            case nil: break
            }
            connection = tuned(connection, database)
            try await PostgresConnection.requireSessions(connection)
            return Self(
                connection: connection, place: "\(connection)", server: nil,
                connectionsMax: database.connections)
        }
    }

    private static func tuned(
        _ connection: PostgresConfiguration, _ database: DatabaseConfiguration
    ) -> PostgresConfiguration {
        var connection = connection
        connection.connectTimeout = database.connectTimeout
        connection.statementTimeout = database.statementTimeout
        connection.applicationName = "ogive"
        return connection
    }
}
