internal import CLibpq

extension PostgresConnection {
    /// How a transaction sees the others.
    package enum Isolation: String, Sendable {
        /// Each statement sees what was committed before it.
        case readCommitted = "READ COMMITTED"
        /// All statements see what was committed before the first.
        case repeatableRead = "REPEATABLE READ"
        /// As if transactions ran one after the other.
        case serializable = "SERIALIZABLE"
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws or its
    /// task is cancelled. Nobody else may use the connection meanwhile.
    ///
    /// Throws what `body` throws, or `connectionLost(duringCommit: true)` when the reply to COMMIT
    /// got lost: it is then unknown whether the transaction was committed.
    @discardableResult
    package nonisolated func transaction<T>(
        isolation: Isolation = .readCommitted,
        _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        if await isInTransaction {
            throw PostgresError(
                .misuse, "The connection is in a transaction already; transactions do not nest.")
        }
        try await execute("BEGIN ISOLATION LEVEL \(isolation.rawValue)")
        let value: T
        do {
            value = try await body(self)
            if Task.isCancelled {
                throw PostgresError(.cancelled, "The task was cancelled before COMMIT.")
            }
        } catch {
            await rollBack()
            throw error
        }
        try await commit()
        return value
    }

    /// Leaves the transaction; a connection on which that fails is broken and closed.
    private func rollBack() {
        do {
            try executeShielded("ROLLBACK")
        } catch {
            close()
        }
    }

    private func commit() throws(PostgresError) {
        // COMMIT of a failed transaction is a ROLLBACK that reports success.
        if try openLink().transactionStatus == PQTRANS_INERROR {
            try executeShielded("ROLLBACK")
            throw PostgresError(
                .misuse,
                "A statement of the transaction failed and its error was ignored: the "
                    + "transaction was rolled back. Use a savepoint to go on after an error.")
        }
        try executeShielded("COMMIT")
    }

    /// Calls `body` with the rows of a query, at most `size` at a time, so that memory stays
    /// bounded whatever the size of the result. Opens a transaction unless there is one. `body`
    /// may run other statements on the connection.
    package nonisolated func forEachPage(
        _ sql: String, _ parameters: [PostgresValue] = [], size: Int,
        _ body: (PostgresRows) async throws -> Void
    ) async throws {
        precondition(size > 0, "a page has at least one row")
        if await isInTransaction {
            try await pages(sql, parameters, size, body)
        } else {
            try await transaction { _ in try await pages(sql, parameters, size, body) }
        }
    }

    private nonisolated func pages(
        _ sql: String, _ parameters: [PostgresValue], _ size: Int,
        _ body: (PostgresRows) async throws -> Void
    ) async throws {
        let cursor = "\"page_\(UInt64.random(in: 0 ... .max))\""
        try await execute("DECLARE \(cursor) NO SCROLL CURSOR FOR \(sql)", parameters)
        while true {
            let rows = try await query("FETCH \(size) FROM \(cursor)")
            if !rows.isEmpty { try await body(rows) }
            if rows.count < size { break }
        }
        try await execute("CLOSE \(cursor)")
    }
}
