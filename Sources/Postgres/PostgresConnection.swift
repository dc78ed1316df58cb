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
        _ = try openLink().query(sql, [], nil)
    }

    private func open() async throws(PostgresError) {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        link = try await cancellable { (flag) throws(PostgresError) in
            let link = try LibpqLink(self.configuration, wake: self.wake)
            try link.finishConnecting(until: deadline, flag, self.configuration)
            return link
        }
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
