internal import CLibpq
internal import DedicatedThread
internal import Glibc

/// One session with PostgreSQL, on a thread of its own: waiting for the server blocks neither the
/// cooperative pool nor any other connection.
///
/// Cancelling the task of a call stops its statement on the server. After an error of code
/// `connectionLost` the connection is of no use any more; make another one.
package actor PostgresConnection {
    private let thread: DedicatedThreadExecutor
    let wake: WakeDescriptor
    var link: LibpqLink?
    /// The running COPY, and the work for which it runs.
    var copyFlight: LibpqLink.Flight?
    /// Where the connection leads.
    package nonisolated let configuration: PostgresConfiguration

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor keeps the thread for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    private init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        self.configuration = configuration
        do {
            wake = try WakeDescriptor()
            thread = try DedicatedThreadExecutor(name: "postgres")
        } catch {
            throw PostgresError(
                .tooManyConnections, "No thread for a database connection: \(error)", cause: error)
        }
    }

    /// Connects within `configuration.connectTimeout`.
    ///
    /// Throws `serverUnreachable`, `connectTimeout`, `authenticationFailed`, `databaseMissing`,
    /// `tooManyConnections`, `serverStarting`, `configuration` or `cancelled`.
    package static func connect(
        _ configuration: PostgresConfiguration
    ) async throws(PostgresError) -> PostgresConnection {
        let connection = try PostgresConnection(configuration)
        try await connection.open()
        try await connection.restoreSettings()
        return connection
    }

    /// Connects as `connect`, and leaves the settings of a pooler's session as they are.
    static func connectPlainly(
        _ configuration: PostgresConfiguration
    ) async throws(PostgresError) -> PostgresConnection {
        let connection = try PostgresConnection(configuration)
        try await connection.open()
        return connection
    }

    /// Ends the session; the connection cannot be used afterwards. Closing twice is harmless.
    package func close() {
        link = nil
    }

    /// Whether the connection can be used, as far as is known without asking the server.
    package var isUsable: Bool { link?.isAlive ?? false }

    /// Whether a transaction is open or has failed and waits for its ROLLBACK.
    package var isInTransaction: Bool {
        guard let link, link.isAlive else { return false }
        return link.transactionStatus != PQTRANS_IDLE
    }

    /// The process id of the server's end, for `pg_terminate_backend`.
    package func backendProcessID() throws(PostgresError) -> Int32 {
        try openLink().backendProcessID
    }

    /// Runs one statement and returns its rows, all of them in memory.
    ///
    /// Throws `server` with the SQLSTATE when PostgreSQL refuses it.
    package func query(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) async throws(PostgresError) -> PostgresRows {
        let link = try openLink()
        return try await cancellable { (flag) throws(PostgresError) in
            PostgresRows(try link.query(sql, parameters, flag))
        }
    }

    /// Runs one statement that this connection runs again and again, as `query` does: it is parsed
    /// once, and planned anew only while that pays. Only for connections that keep their session:
    /// what pools transactions forgets what was prepared.
    @discardableResult
    package func queryPrepared(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) async throws(PostgresError) -> PostgresRows {
        let link = try openLink()
        return try await cancellable { (flag) throws(PostgresError) in
            PostgresRows(try link.queryPrepared(sql, parameters, flag))
        }
    }

    /// Runs one statement and returns the number of rows that it changed.
    @discardableResult
    package func execute(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) async throws(PostgresError) -> Int {
        let link = try openLink()
        return try await cancellable { (flag) throws(PostgresError) in
            try link.query(sql, parameters, flag).affectedRows
        }
    }

    /// Runs statements separated by semicolons, without parameters: a migration. Outside of a
    /// transaction they form one of their own.
    package func executeScript(_ sql: String) async throws(PostgresError) {
        let link = try openLink()
        try await cancellable { (flag) throws(PostgresError) in
            _ = try link.script(sql, flag)
        }
    }

    /// Runs a statement that a cancelled task must still send: COMMIT and ROLLBACK.
    func executeShielded(_ sql: String) throws(PostgresError) {
        // Without parameters, one message does what takes three with them.
        _ = try openLink().script(sql, nil)
    }

    func openLink() throws(PostgresError) -> LibpqLink {
        guard let link else {
            throw PostgresError(
                .misuse, "The connection to \(configuration.description) was closed.")
        }
        return link
    }

    /// Runs blocking work on the connection's thread with a flag that a cancellation sets.
    func cancellable<T>(
        _ work: (CancellationFlag) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let flag = CancellationFlag(wake)
        let result: Result<T, PostgresError> = await withTaskCancellationHandler {
            // A method of the actor: a closure without `self` would run, and block, elsewhere.
            self.run(work, flag)
        } onCancel: {
            flag.set()
        }
        return try result.get()
    }

    private func run<T>(
        _ work: (CancellationFlag) throws(PostgresError) -> T, _ flag: CancellationFlag
    ) -> Result<T, PostgresError> {
        Result { () throws(PostgresError) in try work(flag) }
    }
}

extension PostgresConnection {
    /// How a transaction sees the others.
    package enum Isolation: String, Sendable {
        /// Each statement sees what was committed before it.
        case readCommitted = "READ COMMITTED"
        /// All statements see what was committed before the first.
        case repeatableRead = "REPEATABLE READ"
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
        try await executeScript("BEGIN ISOLATION LEVEL \(isolation.rawValue)")
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

/// A message of NOTIFY: a hint to look, never the truth itself.
package struct PostgresNotification: Sendable, Equatable {
    /// The channel's name.
    package let channel: String
    /// The text that came along, often empty.
    package let payload: String
}

extension PostgresConnection {
    /// Subscribes to a channel. Use a connection for nothing else: waiting occupies it. After a
    /// reconnect listen first and look into the tables then: what was sent meanwhile is lost.
    package func listen(_ channel: String) async throws(PostgresError) {
        let quoted = channel.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
        try await execute("LISTEN \"\(quoted)\"")
    }

    /// Waits for the next notification. Throws `connectionLost` or `cancelled`.
    package func nextNotification() async throws(PostgresError) -> PostgresNotification {
        let link = try openLink()
        return try await cancellable { (flag) throws(PostgresError) in
            try link.nextNotification(flag)
        }
    }

    /// The notifications as they come; ends by throwing when the connection is lost.
    package nonisolated var notifications: PostgresNotifications {
        PostgresNotifications(connection: self)
    }
}

/// The notifications of one connection.
package struct PostgresNotifications: AsyncSequence, Sendable {
    let connection: PostgresConnection

    /// Reads from the connection, without a buffer of its own.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let connection: PostgresConnection

        package func next() async throws -> PostgresNotification? {
            try await connection.nextNotification()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(connection: connection)
    }
}
