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
        case .statementLost:
            .retry
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
        /// A prepared statement is of no use any more; the next time it is prepared anew.
        case statementLost
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
        let more = [detail, hint].compactMap(\.self).filter { !message.contains($0) }
            .flatMap { $0.split(separator: "\n") }.map(\.trimmed)
            .map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
            .joined(separator: "; ")
        guard !more.isEmpty else { return text }
        // Nothing goes on behind the end of a sentence.
        let isSentence = message.hasSuffix(".") || message.hasSuffix("?")
        return text + (isSentence ? " (\(more))" : "; \(more)")
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

/// Reads why a connection attempt failed from libpq's verbose message, and says it to a person.
struct ConnectionFailure {
    /// The SQLSTATE, when the server itself refused.
    let sqlState: String?
    /// What the server or the operating system said, in one line.
    let reason: String

    init(_ message: String) {
        // The explanation asks whether the server is running, once for all addresses.
        let lines = message.split(separator: "\n").map { $0.trimmed }
            .filter {
                !$0.hasPrefix("LOCATION:") && !$0.hasPrefix("Is the server running")
                    && !$0.isEmpty
            }
        var state: String?
        var reasons: [String] = []
        for line in lines {
            if let refusal = ConnectionFailure.refusal(line) {
                state = refusal.state
                reasons.append(refusal.text)
            } else {
                reasons.append(line)
            }
        }
        sqlState = state
        reason = reasons.joined(separator: "; ")
    }

    /// The error for a person.
    func error(_ configuration: PostgresConfiguration) -> PostgresError {
        let (code, text) = explanation(configuration)
        var error = PostgresError(code, text)
        error.sqlState = sqlState
        error.detail = reason.isEmpty ? nil : reason
        error.severity = sqlState == nil ? nil : "FATAL"
        return error
    }

    private func explanation(
        _ configuration: PostgresConfiguration
    ) -> (PostgresError.Code, String) {
        let place = configuration.description
        switch sqlState {
        case "28P01", "28000":
            return (
                .authenticationFailed,
                "PostgreSQL refused user \"\(configuration.user)\" at \(place). Check the user, "
                    + "the password (a password file or PGPASSWORD) and the server's pg_hba.conf."
            )
        case "3D000":
            return (
                .databaseMissing,
                "The database \"\(configuration.database)\" does not exist at \(place). Create "
                    + "it with: createdb \(configuration.database)"
            )
        case "53300":
            return (
                .tooManyConnections,
                "PostgreSQL at \(place) has no free connection slot. Use smaller pools or raise "
                    + "max_connections."
            )
        case "57P03", "57P01", "57P02":
            return (
                .serverStarting,
                "PostgreSQL at \(place) is starting, stopping or recovering: try again soon."
            )
        case .some:
            return (.server, "PostgreSQL at \(place) refused the connection: \(reason)")
        case nil:
            return withoutState(place)
        }
    }

    private func withoutState(_ place: String) -> (PostgresError.Code, String) {
        if reason.contains("session is read-only") || reason.contains("in hot standby") {
            return (
                .serverUnreachable,
                "No server of \(place) accepts writes: all are read-only. Wait for the failover "
                    + "or name the primary."
            )
        }
        if reason.contains("no password supplied") {
            return (
                .authenticationFailed,
                "PostgreSQL at \(place) wants a password and none was given: name a password "
                    + "file or set PGPASSWORD."
            )
        }
        if reason.contains("certificate") || reason.contains("SSL") {
            return (
                .configuration,
                "No trusted TLS connection to \(place) could be made. Other hosts than this one "
                    + "are verified fully: set sslrootcert to the authority's certificate, or "
                    + "choose another sslmode knowingly."
            )
        }
        return (
            .serverUnreachable,
            "PostgreSQL cannot be reached at \(place). Is the server running, and are host, port "
                + "or socket directory right?"
        )
    }

    /// Takes `FATAL:  28P01: text` apart, wherever in the line it begins.
    private static func refusal(_ line: String) -> (state: String, text: String)? {
        for (index, character) in line.enumerated() where character == ":" {
            let rest = line.dropFirst(index + 1).drop(while: { $0 == " " })
            let state = rest.prefix(5)
            let isState = state.allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber) }
            // A digit tells a state from the severity FATAL.
            let hasDigit = state.contains(where: \.isNumber)
            if state.count == 5, isState, hasDigit, rest.dropFirst(5).first == ":" {
                return (String(state), String(rest.dropFirst(6)).trimmed)
            }
        }
        return nil
    }
}

extension StringProtocol {
    /// The text without white space at its ends.
    var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
