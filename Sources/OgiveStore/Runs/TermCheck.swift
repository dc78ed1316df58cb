internal import OgiveCore
internal import Postgres

extension PostgresConnection {
    /// Throws `.staleTerm` unless `term` leads, and keeps it so until the transaction ends.
    nonisolated func require(_ term: Term, _ lockingQuery: String) async throws {
        let leading = try await query(lockingQuery).one().decode("term", as: Int64.self)
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
