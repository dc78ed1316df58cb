package import OgiveCore
package import Postgres

/// Ogive's data in PostgreSQL: the coordinator's `Store`, and what the commands `import`,
/// `submit`, `status`, `query` and `audit` need.
package final class PostgresStore: Store {
    let database: Database
    let clock: WallClock
    let leadership: Leadership

    /// Uses the database at `configuration`, whose schema `Migrator.check` has found right, with
    /// up to `connectionsMax` connections at hand. A call waits at most `patience` for one; then
    /// it throws `.unavailable`.
    package init(
        _ configuration: PostgresConfiguration, connectionsMax: Int = 4,
        patience: Duration = .seconds(10), clock: WallClock = .system
    ) {
        database = Database(
            configuration, connectionsMax: connectionsMax, patience: patience)
        self.clock = clock
        leadership = Leadership(configuration)
    }

    /// Closes all connections; leadership ends with its connection.
    package func close() async {
        await leadership.end()
        await database.close()
    }

    /// Holds leadership on a connection of its own: it ends when that connection does.
    package func lead(as coordinator: String) async throws(StoreError) -> Term {
        try await leadership.begin(as: coordinator, now: clock.now())
    }

    /// Lets the lock go in any case; says that nobody leads only if `term` still does.
    package func resign(_ term: Term) async {
        await leadership.resign(term)
    }
}
