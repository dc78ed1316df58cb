internal import FoundationEssentials
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

    /// Closes all connections. It does not resign: a term that is not renewed expires.
    package func close() async {
        await leadership.end()
        await listener.end()
        await database.close()
    }

    /// By the database's clock, on a connection of its own.
    package func lead(
        as coordinator: String, for expiry: Duration
    ) async throws(StoreError) -> ElectionOutcome {
        try await leadership.begin(as: coordinator, for: expiry)
    }

    /// On the connection that began the term, or a new one.
    package func renew(
        _ term: Term, for expiry: Duration, counts: [String: Int]
    ) async throws(StoreError) {
        try await leadership.renew(term, for: expiry, counts: counts)
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

/// The store's way to PostgreSQL: connections from a pool, errors as the coordinator needs them,
/// a bounded number of repetitions where PostgreSQL asks for one.
struct Database: Sendable {
    /// Most attempts of a transaction that lost against another one.
    static let attemptsMax = 5

    private let pool: PostgresPool
    /// Where the database is.
    let configuration: PostgresConfiguration

    init(_ configuration: PostgresConfiguration, connectionsMax: Int, patience: Duration) {
        self.configuration = configuration
        pool = PostgresPool(
            configuration, size: connectionsMax, acquireTimeout: patience)
    }

    /// Runs `body` with a connection of its own. `action` begins the message of an error.
    func with<T: Sendable>(
        _ action: String, _ body: (PostgresConnection) async throws -> T
    ) async throws(StoreError) -> T {
        do {
            return try await pool.withConnection { connection in try await body(connection) }
        } catch {
            throw StoreError(error, during: action, at: configuration)
        }
    }

    /// Runs `body` in a transaction, again from the start when PostgreSQL broke it off because of
    /// another one, or `body` ended with an error that `repeatsAfter` knows. Not again when `body`
    /// reads what can be read once only, as a file is.
    func transaction<T: Sendable>(
        _ action: String,
        isolation: PostgresConnection.Isolation = .readCommitted, isRepeatable: Bool = true,
        repeatsAfter: (any Error) -> Bool = { _ in false },
        _ body: (PostgresConnection) async throws -> T
    ) async throws(StoreError) -> T {
        do {
            return try await pool.withConnection { connection in
                var attempt = 1
                while true {
                    do {
                        return try await connection.transaction(isolation: isolation) {
                            try await body($0)
                        }
                    } catch
                        where isRepeatable && attempt < Self.attemptsMax
                        && (repeatsAfter(error)
                            || (error as? PostgresError)?.recovery == .retry)
                    {
                        // It gave way to another one: nothing was written.
                        attempt += 1
                    }
                }
            }
        } catch {
            throw StoreError(error, during: action, at: configuration)
        }
    }

    /// Closes all connections.
    func close() async {
        await pool.close()
    }
}

extension StoreError {
    /// What an error of a call means to the caller. `action` says what was being done.
    /// `place` says where the database is, for the errors that a person has to look after there;
    /// `rights`, what a login needs that lacks a right.
    package init(
        _ error: any Error, during action: String, at place: PostgresConfiguration? = nil,
        rights: String = StoreError.rightsOfUse
    ) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as PostgresError:
            self.init(Self.code(of: error), "\(action): \(error.summary)")
        case is CancellationError:
            self.init(.unavailable, "\(action): the task was cancelled.")
        default:
            self.init(.refused, "\(action): \(error)")
        }
        if code == .exhausted, let place {
            message += "; make room at \(place.diskPlace): the same is tried again"
        }
        if code == .forbidden, error is PostgresError { message += "; \(rights)" }
    }

    /// What a login needs, for the person who can grant it.
    package static let rightsOfUse =
        "the database's login lacks this right: whoever ran `ogive migrate up` can "
        + "GRANT ogive_writer TO it, or ogive_reader where it only reads"

    private static func code(of error: PostgresError) -> Code {
        switch error.code {
        case .connectionLost(duringCommit: true):
            .unknownOutcome
        case .connectionLost, .serverUnreachable, .connectTimeout, .serverStarting,
            .tooManyConnections, .poolTimeout, .poolClosed, .cancelled, .embedded, .statementLost:
            .unavailable
        case .configuration, .authenticationFailed, .databaseMissing, .invalidParameter,
            .decoding, .misuse:
            .refused
        case .server:
            code(ofState: error.sqlState ?? "")
        }
    }

    /// The reaction to an error that the server reported, by its SQLSTATE.
    private static func code(ofState state: String) -> Code {
        switch state {
        case "40001", "40P01", "55P03", "57014":
            // Serialisation, deadlock, lock timeout, statement timeout.
            .unavailable
        case "57P01", "57P02", "57P03", "57P05", "25P03", "53300":
            // Shutdown, crash, starting, idle timeouts, too many connections.
            .unavailable
        case "25006", "58030":
            // Read-only after a failover, a failing disk.
            .exhausted
        case "42501":
            // Insufficient privilege.
            .forbidden
        case "3F000", "42P01", "42703", "42883":
            // Schema, table, column or function missing.
            .schema
        case _ where state.hasPrefix("53"):
            // Disk full, out of memory.
            .exhausted
        case _ where state.hasPrefix("08"):
            .unavailable
        default:
            .refused
        }
    }
}

/// Where the store's timestamps come from: passed in, so that a test may say what time it is.
package struct WallClock: Sendable {
    /// Microseconds since 1970-01-01 00:00 UTC.
    package let now: @Sendable () -> Int64

    /// Takes the source of time.
    package init(now: @escaping @Sendable () -> Int64) {
        self.now = now
    }

    /// The machine's clock.
    package static let system = WallClock {
        Int64(Date().timeIntervalSince1970 * 1_000_000)
    }
}
