internal import FoundationEssentials
internal import OgiveCore
internal import Postgres

/// A coordinator's hold on leadership: a lease in the database, by the database's clock. The lease
/// only tells others not to begin; what fences a stale leader is the term.
///
/// It has a connection of its own, so that renewing waits neither for landings nor for the pool.
actor Leadership {
    private let configuration: PostgresConfiguration
    private var session: PostgresConnection?
    private var term: Term?

    /// Longest wait for an answer: shorter than any lease that makes sense.
    private static let patience = Duration.seconds(5)

    init(_ configuration: PostgresConfiguration) {
        var configuration = configuration
        configuration.applicationName = "ogive leader"
        configuration.connectTimeout = min(configuration.connectTimeout, Self.patience)
        configuration.statementTimeout = min(configuration.statementTimeout, Self.patience)
        configuration.lockTimeout = min(configuration.lockTimeout, Self.patience)
        configuration.tcpTimeout = min(configuration.tcpTimeout, Self.patience)
        self.configuration = configuration
    }

    /// Takes the lease, unless another coordinator's lasts.
    func begin(
        as coordinator: String, for lease: Duration
    ) async throws(StoreError) -> Candidacy {
        try await withSession("begin to lead") { session in
            if let leader = try await self.other(session, TermQueries.look) {
                return .following(leader)
            }
            do {
                return try await self.take(coordinator, lease, session)
            } catch let error as PostgresError where error.sqlState == "55P03" {
                // The lease ran out and a landing of the former leader still holds the term.
                return try await self.takeOver(coordinator, lease, session)
            }
        }
    }

    /// Takes the lease after ending the landing that holds the term, where this login may. Where
    /// it may not, only the term fences: the server ends the landing of a stopped coordinator
    /// itself, and this one asks again.
    private func takeOver(
        _ coordinator: String, _ lease: Duration, _ session: PostgresConnection
    ) async throws -> Candidacy {
        var mayEnd = true
        do {
            _ = try await session.query(TermQueries.endLandings)
        } catch {
            guard error.sqlState == "42501" else { throw error }
            mayEnd = false
        }
        do {
            return try await take(coordinator, lease, session)
        } catch let error as PostgresError where error.sqlState == "55P03" && !mayEnd {
            throw StoreError(
                .unavailable,
                "A landing of the former coordinator still holds the term, and this login may not "
                    + "end the other one's session. The server ends it when nothing is heard of it "
                    + "for two thirds of a lease; until then this one waits. To take over at "
                    + "once, let all coordinators use one login, or "
                    + "GRANT pg_signal_backend to theirs.")
        }
    }

    /// Makes the lease last; throws `.staleTerm` when it is another one's.
    func renew(
        _ term: Term, for lease: Duration, counts: [String: Int]
    ) async throws(StoreError) {
        try await withSession("renew the lease") { session in
            let changed = try await session.execute(
                TermQueries.renew,
                [
                    .int64(term.rawValue), .int64(lease.microseconds),
                    .json(CanonicalJSON.text(counts)),
                ])
            guard changed == 0 else { return }
            let leading = try await session.query(TermQueries.look).one()
                .decode("term", as: Int64.self)
            throw StoreError.stale(term, leading: leading)
        }
    }

    /// Says that nobody leads, if `term` still does.
    func resign(_ term: Term) async {
        if let session {
            // When this fails, the lease runs out all the same.
            _ = try? await session.execute(TermQueries.resign, [.int64(term.rawValue)])
        }
        await end()
    }

    /// Ends the session.
    func end() async {
        let old = session
        session = nil
        await old?.close()
    }

    /// The leader whose lease lasts; `nil` when there is none, or it is this one.
    private func other(_ session: PostgresConnection, _ sql: String) async throws -> Leader? {
        let row = try await session.query(sql).one()
        guard let name: String = try row.decode("coordinator", as: String?.self),
            let remaining: Int64 = try row.decode("remaining", as: Int64?.self), remaining > 0
        else { return nil }
        let leading = Term(try row.decode("term"))
        if leading == term { return nil }
        return Leader(
            name: name, term: leading, since: try row.decode("since"),
            renewedAt: try row.decode("renewed_at"), remaining: .microseconds(remaining))
    }

    private func take(
        _ coordinator: String, _ lease: Duration, _ session: PostgresConnection
    ) async throws -> Candidacy {
        let answer = try await session.transaction { session -> Candidacy in
            // Among candidates one comes first, and the others find its lease.
            if let leader = try await self.other(session, TermQueries.lookAndLock) {
                return .following(leader)
            }
            try await session.execute(TermQueries.limitWaiting)
            let term = try await session.query(TermQueries.raise).one()
                .decode("term", as: Int64.self)
            try await session.execute(
                TermQueries.begin,
                [.int64(term), .string(coordinator.storable), .int64(lease.microseconds)])
            let bytes = try await session.query(TermQueries.leaseKey).one()
                .decode("key", as: [UInt8].self)
            guard let key = LeaseKey(bytes: bytes) else {
                throw StoreError(.schema, "The secret of the leases has \(bytes.count) bytes.")
            }
            return .leading(Term(term), key)
        }
        if case .leading(let term, _) = answer { self.term = term }
        return answer
    }

    private func withSession<Value: Sendable>(
        _ action: String, _ body: (PostgresConnection) async throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await body(try await usableSession())
        } catch {
            await end()
            throw StoreError(error, during: action)
        }
    }

    private func usableSession() async throws(PostgresError) -> PostgresConnection {
        if let session, await session.isUsable { return session }
        let new = try await PostgresConnection.connect(configuration)
        session = new
        return new
    }
}

extension Duration {
    /// The whole microseconds in it.
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
