internal import CLibpq

extension PostgresConnection {
    /// Connects to the first host that accepts writes, within the time for all of them. Each has
    /// its share of what is left: a host whose machine is gone does not answer at all.
    func open() async throws(PostgresError) {
        let hosts = configuration.eachHost
        let deadline = ContinuousClock.now + configuration.connectTimeout
        var failures: [PostgresError] = []
        for (index, host) in hosts.enumerated() {
            let now = ContinuousClock.now
            let share = max(.zero, deadline - now) / (hosts.count - index)
            do throws(PostgresError) {
                link = try await attempt(host, until: now + share)
                return
            } catch {
                // What the others would refuse as well is said at once, as libpq does.
                guard error.recovery == .reconnect || error.recovery == .pause else { throw error }
                failures.append(error)
            }
        }
        throw PostgresError(ofHosts: failures, configuration)
    }

    /// Connects to one host; to a pooler that refuses settings, again without them.
    private func attempt(
        _ host: PostgresConfiguration, until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> LibpqLink {
        do throws(PostgresError) {
            return try await makeLink(host, until: deadline)
        } catch {
            guard error.refusesSettings else { throw error }
            if host["options"] != nil {
                throw PostgresError(
                    .configuration,
                    "The pooler at \(host.description) refuses the options of the database's "
                        + "address. Leave them out, or name the server itself.")
            }
            var host = host
            host.asksForSettings = false
            return try await makeLink(host, until: deadline)
        }
    }

    private func makeLink(
        _ host: PostgresConfiguration, until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> LibpqLink {
        try await cancellable { (flag) throws(PostgresError) in
            let link = try LibpqLink(host, wake: self.wake)
            try link.finishConnecting(until: deadline, flag, host)
            return link
        }
    }

    /// The number of the session at the server. A pooler tells its clients another one.
    func sessionProcessID() async throws(PostgresError) -> Int32 {
        try await query("SELECT pg_backend_pid()").one().decode(0)
    }

    /// Whether there is a pooler between the server and this connection.
    var isPooled: Bool {
        get async throws(PostgresError) { try await sessionProcessID() != backendProcessID() }
    }

    /// Makes the settings that a pooler left out.
    func restoreSettings() async throws(PostgresError) {
        guard try await isPooled else { return }
        let statements = configuration.settings.map { "SET \($0.name) = '\($0.value)'" }
        try await executeScript(statements.joined(separator: "; "))
    }

    /// Throws `configuration` when a pooler gives each transaction a session of its own choice:
    /// locks, subscriptions and settings would then be another client's.
    package static func requireSessions(
        _ configuration: PostgresConfiguration
    ) async throws(PostgresError) {
        let first = try await connectPlainly(configuration)
        let result: Result<Void, PostgresError>
        do throws(PostgresError) {
            if try await first.isPooled { try await first.requireOwnSession() }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await first.close()
        try result.get()
    }

    /// How often another client is tried: among many sessions it may get another one by chance.
    private static let rivals = 3

    /// Throws when another client gets this one's session while this one is connected.
    private func requireOwnSession() async throws(PostgresError) {
        let own = try await sessionProcessID()
        for _ in 0..<Self.rivals {
            let rival = try await Self.connectPlainly(configuration)
            let sessions: [Int32]
            do throws(PostgresError) {
                // In the midst of a transaction it keeps the session that it got.
                try await rival.execute("BEGIN")
                let other = try await rival.sessionProcessID()
                sessions = [other, try await sessionProcessID()]
                try await rival.execute("ROLLBACK")
            } catch {
                await rival.close()
                // Where it pools statements, it refuses BEGIN.
                let isRefusal = error.code == .server || error.sqlState == "08P01"
                if isRefusal || error.code == .connectionLost(duringCommit: false) {
                    throw PostgresError.sharedSessions(configuration, cause: error)
                }
                throw error
            }
            await rival.close()
            guard sessions[0] != own, sessions[1] == own else {
                throw PostgresError.sharedSessions(configuration)
            }
        }
    }
}

extension PostgresError {
    /// Whether a pooler refused to connect because of the settings that were asked for.
    fileprivate var refusesSettings: Bool {
        sqlState == "08P01" && (detail ?? message).contains("unsupported startup parameter")
    }

    fileprivate static func sharedSessions(
        _ configuration: PostgresConfiguration, cause: PostgresError? = nil
    ) -> PostgresError {
        PostgresError(
            .configuration,
            "The pooler at \(configuration.description) gives each transaction another session, "
                + "and Ogive needs its own: for locks, LISTEN and settings. Let it pool sessions "
                + "(pool_mode = session in PgBouncer), or name the server itself.", cause: cause)
    }

    /// Why none of several hosts could be used.
    fileprivate init(ofHosts failures: [PostgresError], _ configuration: PostgresConfiguration) {
        guard failures.count > 1 else {
            self = failures[0]
            return
        }
        self.init(
            .serverUnreachable,
            "No server of \(configuration.description) accepts writes. Wait for the failover, or "
                + "see whether the servers run and one of them is the primary.")
        detail = failures.map { $0.detail ?? $0.message }.joined(separator: "; ")
    }
}
