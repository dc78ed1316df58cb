package import Migrations
package import OgiveCore
package import Postgres

/// Brings the schema of a database to the version of this program, and says where it stands.
package struct Migrator: Sendable {
    private let configuration: PostgresConfiguration
    private let clock: WallClock
    private let known: [Migration]

    /// Names the database; `known` are the migrations, ascending.
    package init(
        _ configuration: PostgresConfiguration, clock: WallClock = .system,
        known: [Migration] = Migration.all
    ) {
        self.configuration = configuration
        self.clock = clock
        self.known = known
    }

    /// Applies the migrations that are missing, each in a transaction, and returns them. Other
    /// migrators of the same database wait.
    @discardableResult
    package func up() async throws(StoreError) -> [Migration] {
        try await locked("migrate the schema") { connection in
            let status = try await read(connection)
            try status.requireKnown(configuration)
            for migration in status.pending {
                try await apply(migration, connection)
            }
            return status.pending
        }
    }

    /// Takes back all migrations above `number` (0: everything), the last one first, and returns
    /// them. The data in their tables is lost.
    @discardableResult
    package func down(to number: Int) async throws(StoreError) -> [Migration] {
        try await locked("take migrations back") { connection in
            let status = try await read(connection)
            try status.requireKnown(configuration)
            let undone = status.applied.filter { $0.number > number }.reversed()
            for migration in undone {
                try await takeBack(migration, connection)
            }
            return Array(undone)
        }
    }

    /// Which migrations are in force, missing or unknown.
    package func status() async throws(StoreError) -> MigrationStatus {
        let connection = try await connect("read the schema's version")
        do {
            let status = try await read(connection)
            await connection.close()
            return status
        } catch {
            await connection.close()
            throw StoreError(error, during: "read the schema's version")
        }
    }

    /// Throws `.schema`, saying what to do, unless the schema is exactly this program's.
    package func check() async throws(StoreError) {
        let status = try await status()
        try status.requireKnown(configuration)
        guard status.pending.isEmpty else {
            throw StoreError(
                .schema,
                "The schema of \(configuration) is at version \(status.version); this program "
                    + "needs version \(known.last?.number ?? 0). Run `ogive migrate up`.")
        }
    }

    private func apply(_ migration: Migration, _ connection: PostgresConnection) async throws {
        try await connection.transaction { connection in
            try await connection.executeScript(migration.up)
            try await connection.execute(MigrationQueries.becomeOwner)
            try await connection.execute(
                MigrationQueries.insert,
                [.int32(Int32(migration.number)), .string(migration.name), .int64(clock.now())])
        }
    }

    private func takeBack(_ migration: Migration, _ connection: PostgresConnection) async throws {
        try await connection.transaction { connection in
            try await connection.execute(MigrationQueries.becomeOwner)
            // First the row: migration 1 drops the table of rows.
            try await connection.execute(
                MigrationQueries.delete, [.int32(Int32(migration.number))])
            try await connection.executeScript(migration.down)
        }
    }

    private func read(_ connection: PostgresConnection) async throws -> MigrationStatus {
        let isThere = try await connection.query(MigrationQueries.isTableThere).one()
            .decode("is_there", as: Bool.self)
        var numbers: [(number: Int, name: String)] = []
        if isThere {
            for row in try await connection.query(MigrationQueries.applied) {
                numbers.append((try row.decode("number"), try row.decode("name")))
            }
        }
        return MigrationStatus(applied: numbers, known: known)
    }

    private func locked<T: Sendable>(
        _ action: String, _ body: (PostgresConnection) async throws -> T
    ) async throws(StoreError) -> T {
        let connection = try await connect(action)
        do {
            // The lock belongs to the session and ends with it.
            _ = try await connection.query(
                MigrationQueries.acquireLock, [.int64(MigrationQueries.lock)])
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw StoreError(error, during: action)
        }
    }

    private func connect(_ action: String) async throws(StoreError) -> PostgresConnection {
        do {
            return try await PostgresConnection.connect(configuration)
        } catch {
            throw StoreError(error, during: action)
        }
    }
}
