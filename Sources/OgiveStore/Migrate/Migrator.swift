package import Migrations
package import OgiveCore
package import Postgres

/// Brings the schema of a database to the version of this program, says where it stands, and
/// removes it.
package struct Migrator: Sendable {
    private let configuration: PostgresConfiguration
    private let clock: WallClock
    private let definition: SchemaDefinition
    private let program: String

    /// Names the database; `definition` is what its schema has to be, `program` the version of the
    /// program, such as `1.2.0`: an older one does not take back what a newer one made.
    package init(
        _ configuration: PostgresConfiguration, clock: WallClock = .system,
        definition: SchemaDefinition = .current, program: String = "0"
    ) {
        self.configuration = configuration
        self.clock = clock
        self.definition = definition
        self.program = program
    }

    /// Applies what is missing or has changed, in one transaction, and returns how the schema stood
    /// before. Other migrators of the same database wait.
    @discardableResult
    package func up() async throws(StoreError) -> MigrationStatus {
        try await locked("migrate the schema") { connection in
            let record = try await SchemaRecord(connection)
            let status = MigrationStatus(record, definition, program)
            try status.requireKnown(configuration)
            if status.isCurrent { return status }
            try await connection.transaction { connection in
                var update = SchemaUpdate(
                    connection, definition, program: program, now: clock.now())
                try await update.perform(status.pending, over: record)
            }
            return status
        }
    }

    /// What is in force, missing or unknown.
    package func status() async throws(StoreError) -> MigrationStatus {
        try await connected("read the schema's version") { connection in
            MigrationStatus(try await SchemaRecord(connection), definition, program)
        }
    }

    /// Throws `.schema`, saying what to do, unless the schema is exactly this program's. A login
    /// that may only read does not see of which files its views are: of these, only the tables are
    /// checked, and a view that is not there is an error where it is read.
    package func check() async throws(StoreError) {
        let (status, isReader) = try await connected("read the schema's version") { connection in
            let isReader: Bool = try await connection.query(MigrationQueries.isReader).one()
                .decode(0)
            let record = try await SchemaRecord(connection, hidesObjects: isReader)
            return (MigrationStatus(record, definition, program), isReader)
        }
        try status.requireKnown(configuration)
        guard status.pending.isEmpty else {
            throw StoreError(
                .schema,
                "The schema of \(configuration) is at version \(status.version); this program "
                    + "needs version \(definition.tables.last?.number ?? 0). "
                    + "Run `ogive migrate up`.")
        }
        guard isReader || status.changedObjects.isEmpty else {
            throw StoreError(
                .schema,
                "The functions and views of \(configuration) are of another version of ogive "
                    + "(\(status.changedObjects.count) differ, \(status.changedObjects[0]) among "
                    + "them). Run `ogive migrate up` with the newest one.")
        }
    }

    /// What `uninstall` would remove; `nil` when there is nothing. Throws `.schema` when it would
    /// refuse.
    package func outlineOfUninstall() async throws(StoreError) -> Uninstallation? {
        try await connected("look at the schema") { connection in
            guard let outline = try await Uninstallation(connection) else { return nil }
            try await requireUnused(connection)
            return outline
        }
    }

    /// Removes the schema with all data, whichever version made it, and the roles that nothing else
    /// uses; returns what that was, `nil` when there was nothing. Throws `.schema` when a user's
    /// object depends on it, or a coordinator leads.
    @discardableResult
    package func uninstall() async throws(StoreError) -> Uninstallation? {
        try await locked("remove the schema") { connection in
            guard var removed = try await Uninstallation(connection) else { return nil }
            try await requireUnused(connection)
            let roles = try await self.roles(connection)
            while let sql: String = try await connection.query(MigrationQueries.partitions).one()
                .decode("sql", as: String?.self)
            {
                try await connection.execute(sql)
            }
            try await connection.transaction { connection in
                try await connection.executeScript(SchemaFile.uninstall.text)
            }
            let left = try await self.roles(connection)
            removed.roles = roles.filter { !left.contains($0) }
            return removed
        }
    }

    private func roles(_ connection: PostgresConnection) async throws -> [String] {
        try await connection.query(MigrationQueries.roles).map { try $0.decode("rolname") }
    }

    /// Throws `.schema` when somebody uses the schema.
    private func requireUnused(_ connection: PostgresConnection) async throws {
        let users = try await connection.query(MigrationQueries.outsiders)
            .map { try $0.decode("description", as: String.self) }
        guard users.isEmpty else {
            throw StoreError(
                .schema,
                "The schema of \(configuration) is used by \(users.joined(separator: ", ")). "
                    + "Nothing was removed. Drop that first.")
        }
        let isKept: Bool = try await connection.query(MigrationQueries.hasLeadership).one()
            .decode(0)
        guard isKept, let leader = try await connection.query(MigrationQueries.isLed).first else {
            return
        }
        throw StoreError(
            .schema,
            "Coordinator \(try leader.decode("coordinator", as: String.self)) serves "
                + "\(configuration). Nothing was removed. Stop it first.")
    }

    private func locked<T: Sendable>(
        _ action: String, _ body: (PostgresConnection) async throws -> T
    ) async throws(StoreError) -> T {
        try await connected(action, rights: Self.rights) { connection in
            // The lock belongs to the session and ends with it.
            _ = try await connection.query(
                MigrationQueries.acquireLock, [.int64(MigrationQueries.lock)])
            return try await body(connection)
        }
    }

    /// What a login needs that makes the schema.
    private static let rights =
        "to migrate, a login needs CREATE on the database, and CREATEROLE unless an administrator "
        + "made the roles of Ogive and granted it ogive_owner and ogive_writer"

    private func connected<T: Sendable>(
        _ action: String, rights: String = StoreError.rightsOfUse,
        _ body: (PostgresConnection) async throws -> T
    ) async throws(StoreError) -> T {
        let connection: PostgresConnection
        do {
            connection = try await PostgresConnection.connect(configuration)
        } catch {
            throw StoreError(error, during: action)
        }
        do {
            try await connection.execute(MigrationQueries.narrowSearch)
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw StoreError(error, during: action, rights: rights)
        }
    }
}

/// What removing the schema loses, or has lost.
package struct Uninstallation: Sendable {
    /// Bytes on disk.
    package var bytes = 0
    /// Imported prompts.
    package var prompts = 0
    /// Stored completions.
    package var completions = 0
    /// Stored rewards, of draws and candidates.
    package var rewards = 0
    /// The names of the runs.
    package var runs: [String] = []
    /// The roles that were removed too: those that nothing else uses.
    package var roles: [String] = []

    /// Looks at a database; `nil` when it has no schema of Ogive's.
    init?(_ connection: PostgresConnection) async throws {
        let hasSchema: Bool = try await connection.query(MigrationQueries.hasSchema).one().decode(0)
        guard hasSchema else { return nil }
        bytes = try await connection.query(MigrationQueries.bytes).one().decode(0)
        // Not there in a schema from long before the first release.
        let hasRuns: Bool = try await connection.query(MigrationQueries.hasRuns).one().decode(0)
        guard hasRuns else { return }
        let row = try await connection.query(MigrationQueries.contents).one()
        prompts = try row.decode("prompts")
        completions = try row.decode("completions")
        rewards = try row.decode("rewards")
        runs = try row.decode("runs")
    }
}
