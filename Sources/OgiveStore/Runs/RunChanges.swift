package import OgiveCore
internal import Postgres

/// Hints that runs were submitted or changed. Only hints: some may be missed, so keep polling.
package struct RunChanges: AsyncSequence, Sendable {
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Waits for one hint after the other.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let connection: PostgresConnection

        /// Waits for the next hint. Throws `StoreError` with `.unavailable` when the connection
        /// is lost or the task cancelled: ask for `runChanges` again, then look at the runs.
        package mutating func next() async throws -> Void? {
            do {
                _ = try await connection.nextNotification()
                return ()
            } catch {
                throw StoreError(error, during: "wait for changes of runs")
            }
        }
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(connection: connection)
    }

    /// Ends the connection that listens.
    package func close() async {
        await connection.close()
    }
}

extension PostgresStore {
    /// Begins to listen for submitted runs, on a connection of its own.
    package func runChanges() async throws(StoreError) -> RunChanges {
        do {
            let connection = try await PostgresConnection.connect(database.configuration)
            try await connection.listen("ogive_runs")
            return RunChanges(connection)
        } catch {
            throw StoreError(error, during: "listen for submitted runs")
        }
    }
}
