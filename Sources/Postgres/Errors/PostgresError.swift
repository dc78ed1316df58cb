/// The one error of this module: what went wrong, what PostgreSQL said, and what a caller may do.
package struct PostgresError: Error, Sendable {
    /// What went wrong, for `switch`.
    package var code: Code
    /// What is wrong, where, and what to do, for a person. Never holds a password.
    package var message: String
    /// The five characters by which PostgreSQL classifies the error, when it gave one.
    package var sqlState: String?
    /// `ERROR`, `FATAL` or `PANIC`, when PostgreSQL gave one.
    package var severity: String?
    /// PostgreSQL's DETAIL.
    package var detail: String?
    /// PostgreSQL's HINT.
    package var hint: String?
    /// The name of the violated constraint.
    package var constraint: String?
    /// The table that the error is about.
    package var table: String?
    /// The column that the error is about.
    package var column: String?
    /// PostgreSQL's CONTEXT, for example the line of a COPY.
    package var context: String?
    /// The statement that failed, shortened.
    package var statement: String?
    /// The error that led to this one.
    package var cause: (any Error)?

    /// Makes an error of this client's own.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// What a caller may do about the error.
    package var recovery: Recovery {
        switch code {
        case .serverUnreachable, .connectTimeout, .connectionLost, .serverStarting:
            .reconnect
        case .tooManyConnections, .poolTimeout:
            .pause
        case .server:
            Recovery(sqlState: sqlState)
        case .configuration, .authenticationFailed, .databaseMissing, .cancelled,
            .invalidParameter, .decoding, .misuse, .poolClosed, .embedded:
            .none
        }
    }

    /// Whether doing the same again can succeed. After a lost COMMIT this is true only for work
    /// that may be replayed: the first attempt may have been committed.
    package var isRetriable: Bool { recovery != .none }

    /// Whether a unique constraint refused the statement.
    package var isUniqueViolation: Bool { sqlState == "23505" }
}

extension PostgresError {
    /// What went wrong.
    package enum Code: Sendable, Equatable {
        /// A connection string or setting cannot be used.
        case configuration
        /// Nothing answers at the address.
        case serverUnreachable
        /// Nothing answered before the deadline.
        case connectTimeout
        /// The server refused user or password.
        case authenticationFailed
        /// There is no such database.
        case databaseMissing
        /// The server has no free connection slot.
        case tooManyConnections
        /// The server is starting, stopping or recovering.
        case serverStarting
        /// The connection broke; when that was during a COMMIT its outcome is unknown.
        case connectionLost(duringCommit: Bool)
        /// The server refused a statement: see `sqlState`.
        case server
        /// The task was cancelled; the statement was stopped.
        case cancelled
        /// A parameter cannot be sent, for example a text with a NUL byte.
        case invalidParameter
        /// A column is missing, NULL or of another type than asked for.
        case decoding
        /// The connection was used in a way it does not allow.
        case misuse
        /// No connection of the pool became free before the deadline.
        case poolTimeout
        /// The pool is closed.
        case poolClosed
        /// The private server could not be made, started or stopped.
        case embedded
    }

    /// What a caller may do about an error.
    package enum Recovery: Sendable, Equatable {
        /// Nothing: the same again fails again.
        case none
        /// Run the transaction again, on the same connection.
        case retry
        /// Run it again on a new connection.
        case reconnect
        /// Run it again after a pause: the server lacks a resource.
        case pause

        /// The recovery from an error that the server reported, by its SQLSTATE.
        package init(sqlState: String?) {
            guard let sqlState else {
                self = .none
                return
            }
            switch sqlState {
            case "40001", "40P01", "55P03":  // serialisation, deadlock, lock timeout
                self = .retry
            case "25006", "57P01", "57P02", "57P03", "57P05", "25P03":
                // read-only (a failover), shutdown, crash, cannot connect now, idle timeouts
                self = .reconnect
            case _ where sqlState.hasPrefix("08"):
                self = .reconnect
            case _ where sqlState.hasPrefix("53"):  // disk full, out of memory, connections
                self = .pause
            default:
                self = .none
            }
        }
    }
}

extension PostgresError {
    /// Message, SQLSTATE, detail and hint in one line, without the statement.
    package var summary: String {
        var text = message
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        for more in [detail, hint] {
            if let more, !message.contains(more) {
                text += "; " + more.split(separator: "\n").map(\.trimmed).joined(separator: "; ")
            }
        }
        return text
    }
}

extension PostgresError: CustomStringConvertible {
    /// Message, SQLSTATE, detail, hint and statement in one text of several lines.
    package var description: String {
        var text = message
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let detail { text += "\n  detail: \(detail)" }
        if let hint { text += "\n  hint: \(hint)" }
        if let context { text += "\n  context: \(context)" }
        if let statement { text += "\n  statement: \(statement)" }
        if let cause { text += "\n  cause: \(cause)" }
        return text
    }
}
