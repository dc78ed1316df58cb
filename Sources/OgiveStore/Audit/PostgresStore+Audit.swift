package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Proves from the rows that each draw 0..<n of each prompt is there once or has its reason,
    /// or says what is missing or contradicts. Lists at most `listMax` missing items and problems;
    /// the counts are complete. Throws `.conflict` when there is no such run.
    package func audit(
        run name: String, listMax: Int = 1000
    ) async throws(StoreError) -> AuditReport {
        let run = try await run(named: name)
        let action = "audit run \"\(name)\""
        return try await database.transaction(action, isolation: .repeatableRead) { connection in
            guard let extent = try await RunExtent.read(run.id, connection) else {
                throw StoreError(.conflict, "Run \"\(name)\" was dropped.")
            }
            _ = try await connection.query(AuditQueries.joinByHash)
            return try await RunAudit(run: name, extent: extent, listMax: listMax)
                .report(connection)
        }
    }
}
