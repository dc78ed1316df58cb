internal import OgiveCore
internal import Postgres

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
    /// another one, or `body` ended with an error that `repeatsAfter` knows.
    func transaction<T: Sendable>(
        _ action: String,
        isolation: PostgresConnection.Isolation = .readCommitted,
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
                        where attempt < Self.attemptsMax
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
