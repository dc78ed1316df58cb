internal import FoundationEssentials
internal import OgiveCore
internal import Postgres

/// A coordinator's hold on leadership: a term in the database, with an expiry by its clock.
/// The expiry only keeps others from beginning; what fences a stale leader is the number.
///
/// It has a connection of its own, so that renewing waits neither for landings nor for the pool.
/// The session holds an advisory lock of the term. When the process dies the server ends the
/// session and the lock goes, so another coordinator need not wait for the expiry.
actor Leadership {
    private let configuration: PostgresConfiguration
    private var session: PostgresConnection?
    private var term: Term?
    /// From when on the counters of the runs are recorded again.
    private var historyDue = ContinuousClock.now

    /// Longest wait for an answer: shorter than any expiry that makes sense.
    private static let patience = Duration.seconds(5)
    /// How often the counters of the runs are recorded.
    private static let historyInterval = Duration.seconds(60)

    init(_ configuration: PostgresConfiguration) {
        var configuration = configuration
        configuration.applicationName = "ogive leader"
        configuration.connectTimeout = min(configuration.connectTimeout, Self.patience)
        configuration.statementTimeout = min(configuration.statementTimeout, Self.patience)
        configuration.lockTimeout = min(configuration.lockTimeout, Self.patience)
        configuration.tcpTimeout = min(configuration.tcpTimeout, Self.patience)
        self.configuration = configuration
    }

    /// Begins a term, unless another coordinator's lasts.
    func begin(
        as coordinator: String, for expiry: Duration
    ) async throws(StoreError) -> ElectionOutcome {
        try await withSession("begin to lead") { session in
            if let leader = try await self.other(session, TermQueries.look) {
                return .following(leader)
            }
            do {
                return try await self.take(coordinator, expiry, session)
            } catch let error as PostgresError where error.sqlState == "55P03" {
                // The term expired, and a landing of the former leader still holds it.
                return try await self.takeOver(coordinator, expiry, session)
            }
        }
    }

    /// Begins a term after ending the landing that holds the former one, where this login may.
    /// Where it may not, only the term fences: the server ends the landing of a stopped coordinator
    /// itself, and this one asks again.
    private func takeOver(
        _ coordinator: String, _ expiry: Duration, _ session: PostgresConnection
    ) async throws -> ElectionOutcome {
        var mayEnd = true
        do {
            _ = try await session.query(TermQueries.endLandings)
        } catch {
            guard error.sqlState == "42501" else { throw error }
            mayEnd = false
        }
        do {
            return try await take(coordinator, expiry, session)
        } catch let error as PostgresError where error.sqlState == "55P03" && !mayEnd {
            throw StoreError(
                .unavailable,
                "A landing of the former coordinator still holds the term, and this login may not "
                    + "end the other one's session. The server ends it when nothing is heard of it "
                    + "for two thirds of the expiry; until then this one waits. To take over at "
                    + "once, let all coordinators use one login, or "
                    + "GRANT pg_signal_backend to theirs.")
        }
    }

    /// Makes the term last; throws `.staleTerm` when it is another one's.
    func renew(
        _ term: Term, for expiry: Duration, counts: [String: Int]
    ) async throws(StoreError) {
        try await withSession("renew the term") { session in
            let changed = try await session.execute(
                TermQueries.renew,
                [
                    .int64(term.rawValue), .int64(expiry.microseconds),
                    .json(CanonicalJSON.text(counts)),
                ])
            guard changed == 0 else { return await self.recordHistory(session) }
            let leading = try await session.query(TermQueries.look).one()
                .decode("term", as: Int64.self)
            throw StoreError.stale(term, leading: leading)
        }
    }

    /// Records the counters of the runs, if that is due. When it fails, the history has a gap: the
    /// term is renewed all the same.
    private func recordHistory(_ session: PostgresConnection) async {
        let now = ContinuousClock.now
        guard now >= historyDue else { return }
        historyDue = now + Self.historyInterval
        _ = try? await session.query(TermQueries.recordHistory)
    }

    /// Says that nobody leads, if `term` still does.
    func resign(_ term: Term) async {
        if let session {
            // When this fails, the term expires all the same.
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

    /// The leader whose term lasts; `nil` when there is none, or it is this one.
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
        _ coordinator: String, _ expiry: Duration, _ session: PostgresConnection
    ) async throws -> ElectionOutcome {
        let answer = try await session.transaction { session -> ElectionOutcome in
            // Among standbys one comes first, and the others find its term.
            if let leader = try await self.other(session, TermQueries.lookAndLock) {
                return .following(leader)
            }
            try await session.execute(TermQueries.limitWaiting)
            let term = try await session.query(TermQueries.raise).one()
                .decode("term", as: Int64.self)
            try await session.execute(
                TermQueries.begin,
                [.int64(term), .string(coordinator.storable), .int64(expiry.microseconds)])
            // Before the term can be seen: nobody finds it without its session.
            try await self.mark(Term(term), session)
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
        if let term { try await mark(term, new) }
        return new
    }

    /// Lets other coordinators see that the leader of `term` has a session.
    private func mark(
        _ term: Term, _ session: PostgresConnection
    ) async throws(PostgresError) {
        _ = try await session.query(TermQueries.mark, [.int64(term.rawValue)])
    }
}

extension Duration {
    /// The whole microseconds in it.
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}

extension PostgresConnection {
    /// Throws `.staleTerm` unless `term` leads, and keeps it so until the transaction ends.
    nonisolated func require(_ term: Term, _ lockingQuery: String) async throws {
        let leading = try await queryPrepared(lockingQuery).one().decode("term", as: Int64.self)
        guard leading == term.rawValue else {
            throw StoreError.stale(term, leading: leading)
        }
    }
}

extension StoreError {
    /// What a coordinator is told whose term is over.
    static func stale(_ term: Term, leading: Int64) -> StoreError {
        StoreError(
            .staleTerm,
            "This coordinator has term \(term.rawValue), but term \(leading) leads now: "
                + "another coordinator took over. This one must stop.")
    }
}

/// SQL on `ogive.terms` and `ogive.leadership`.
enum TermQueries {
    /// Microseconds between two moments never depend on the clocks of coordinators: all are the
    /// database's, and `clock_timestamp` goes on within a transaction.
    ///
    /// A leader renews at least `Term.renewals` times in the time to its expiry, and its session
    /// marks the term. If the server was started after the last renewal, the leader is only about
    /// to come back.
    private static let leader = """
        SELECT term, coordinator,
            to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') AS since,
            renewed_at::text AS renewed_at,
            CASE
                WHEN clock_timestamp() > renewed_at + (expires_at - renewed_at) / \(Term.renewals)
                    AND renewed_at > pg_postmaster_start_time()
                    AND NOT EXISTS (
                        SELECT FROM pg_locks k
                        WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 2
                            AND k.classid = \(markClass) AND k.objid = (term % 2147483648)::oid
                            AND k.database = (
                                SELECT oid FROM pg_database WHERE datname = current_database()))
                THEN 0
                ELSE (extract(epoch FROM expires_at - clock_timestamp()) * 1000000)::int8
            END AS remaining
        FROM ogive.leadership
        """
    /// The first number of the advisory lock that marks a term: "ogiv" in ASCII.
    private static let markClass = 0x6F67_6976
    /// $1 term. Shared: a leader that connects anew does not wait for the end of its old session.
    static let mark = """
        SELECT pg_try_advisory_lock_shared(\(markClass), ($1 % 2147483648)::int4) AS is_marked
        """
    static let look = leader
    static let lookAndLock = leader + " FOR UPDATE"
    /// How long a new leader waits for the landing of a former one.
    static let limitWaiting = "SET LOCAL lock_timeout = '1s'"
    static let raise = "UPDATE ogive.terms SET term = term + 1 RETURNING term"
    static let leaseKey = "SELECT key FROM ogive_internal.lease_key"
    /// $1 term, $2 coordinator, $3 microseconds.
    static let begin = """
        UPDATE ogive.leadership
        SET term = $1, coordinator = $2, since = clock_timestamp(), renewed_at = clock_timestamp(),
            expires_at = clock_timestamp() + $3::float8 * interval '1 microsecond', counts = '{}'
        """
    /// Ends sessions that hold the row of `ogive.terms`: a stopped leader's in the middle of a
    /// landing would keep it for a while. Those of another login only `pg_signal_backend` may end.
    static let endLandings = """
        SELECT count(pg_terminate_backend(l.pid)) AS ended
        FROM pg_locks l
        JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'relation' AND l.relation = 'ogive.terms'::regclass AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND l.pid <> pg_backend_pid()
            AND a.application_name <> 'ogive leader'
        """
    /// $1 term, $2 microseconds, $3 counts.
    static let renew = """
        UPDATE ogive.leadership
        SET renewed_at = clock_timestamp(), counts = $3,
            expires_at = clock_timestamp() + $2::float8 * interval '1 microsecond'
        WHERE term = $1 AND coordinator IS NOT NULL
        """
    static let recordHistory = """
        SELECT 1 AS done FROM ogive_internal.record_history(clock_timestamp())
        """
    static let resign = """
        UPDATE ogive.leadership
        SET coordinator = NULL, since = NULL, renewed_at = NULL, expires_at = NULL
        WHERE term = $1
        """
    /// Of all that a coordinator writes: a new leader waits for its end, and the server ends it
    /// when the coordinator was stopped in the middle, after two thirds of the expiry.
    static let lockForCheck = """
        SELECT term, set_config('idle_in_transaction_session_timeout',
            coalesce((
                SELECT round(extract(epoch FROM expires_at - renewed_at) * 1000 * 2 / 3)
                FROM ogive.leadership), 10000)::text,
            true) AS idle
        FROM ogive.terms FOR SHARE
        """
}
