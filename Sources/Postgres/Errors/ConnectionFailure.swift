/// Reads why a connection attempt failed from libpq's verbose message, and says it to a person.
struct ConnectionFailure {
    /// The SQLSTATE, when the server itself refused.
    let sqlState: String?
    /// What the server or the operating system said, in one line.
    let reason: String

    init(_ message: String) {
        let lines = message.split(separator: "\n").map { $0.trimmed }
            .filter { !$0.hasPrefix("LOCATION:") && !$0.isEmpty }
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
