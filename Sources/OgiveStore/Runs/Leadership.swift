internal import OgiveCore
internal import Postgres

/// The session whose advisory lock says that this coordinator leads. The lock only tells a second
/// coordinator not to begin; what fences a stale one is the term.
actor Leadership {
    private let configuration: PostgresConfiguration
    private var session: PostgresConnection?

    init(_ configuration: PostgresConfiguration) {
        var configuration = configuration
        configuration.applicationName = "ogive leader"
        self.configuration = configuration
    }

    /// Takes the lock, unless the session has it already, and raises the term.
    func begin(as coordinator: String, now: Int64) async throws(StoreError) -> Term {
        do {
            let session = try await usableSession()
            let isMine = try await session.query(TermQueries.tryLock, [.int64(TermQueries.lock)])
                .one().decode("is_mine", as: Bool.self)
            guard isMine else { throw try await self.conflict(session) }
            let row = try await session.query(
                TermQueries.raise, [.string(coordinator), .int64(now)]
            ).one()
            return Term(try row.decode("term"))
        } catch {
            await end()
            throw StoreError(error, during: "begin to lead")
        }
    }

    /// Says that nobody leads, if `term` still does, and lets the lock go.
    func resign(_ term: Term) async {
        if let session {
            // When this fails, the lock still goes with the session, which is what counts.
            _ = try? await session.execute(TermQueries.resign, [.int64(term.rawValue)])
        }
        await end()
    }

    /// Ends the session and with it the lock.
    func end() async {
        let old = session
        session = nil
        await old?.close()
    }

    private func usableSession() async throws(PostgresError) -> PostgresConnection {
        if let session, await session.isUsable { return session }
        let new = try await PostgresConnection.connect(configuration)
        session = new
        return new
    }

    private func conflict(_ session: PostgresConnection) async throws -> StoreError {
        let row = try await session.query(TermQueries.current).one()
        return StoreError(
            .conflict,
            "Another coordinator leads on \(configuration): "
                + "\(try row.decode("coordinator", as: String.self)), since "
                + "\(try row.decode("since", as: String.self)) (term "
                + "\(try row.decode("term", as: Int64.self))). Stop it, or start workers for it.")
    }
}
