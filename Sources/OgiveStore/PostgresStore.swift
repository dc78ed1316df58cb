package import Logging
package import OgiveCore
package import Postgres

/// Ogive's data in PostgreSQL: the coordinator's `Store`, and what the commands `import`,
/// `submit`, `status`, `query` and `audit` need.
package final class PostgresStore: Store {
    let database: Database
    let clock: WallClock
    let leadership: Leadership
    let listener: RunListener
    let logger: Logger

    /// Uses the database at `configuration`, whose schema `Migrator.check` has found right, with
    /// up to `connectionsMax` connections at hand. A call waits at most `patience` for one; then
    /// it throws `.unavailable`. `logger` hears what goes wrong without failing a call.
    package init(
        _ configuration: PostgresConfiguration, connectionsMax: Int = 4,
        patience: Duration = .seconds(10), clock: WallClock = .system,
        logger: Logger = Logger(label: "store") { _ in SwiftLogNoOpLogHandler() }
    ) {
        database = Database(
            configuration, connectionsMax: connectionsMax, patience: patience)
        self.clock = clock
        self.logger = logger
        leadership = Leadership(configuration)
        listener = RunListener(configuration)
    }

    /// Closes all connections. It does not resign: a lease that is not renewed runs out.
    package func close() async {
        await leadership.end()
        await listener.end()
        await database.close()
    }

    /// By the database's clock, on a connection of its own.
    package func lead(
        as coordinator: String, for lease: Duration
    ) async throws(StoreError) -> Candidacy {
        try await leadership.begin(as: coordinator, for: lease)
    }

    /// On the connection that took the lease, or a new one.
    package func renew(
        _ term: Term, for lease: Duration, counts: [String: Int]
    ) async throws(StoreError) {
        try await leadership.renew(term, for: lease, counts: counts)
    }

    /// Says that nobody leads only if `term` still does.
    package func resign(_ term: Term) async {
        await leadership.resign(term)
    }

    /// Listens on a connection of its own. Returns also when it began to listen (again): what
    /// happened before was not heard.
    package func runsChange() async throws(StoreError) {
        try await listener.next()
    }
}
