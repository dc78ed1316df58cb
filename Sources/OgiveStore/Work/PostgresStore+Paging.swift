package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Reads in one snapshot; a run that was dropped has nothing pending.
    package func pendingPage(of run: RunDescription, after cursor: PromptID?, limit: PageLimit)
        async throws(StoreError) -> PendingPage
    {
        let action = "read pending items of run \"\(run.spec.name)\""
        // One snapshot for all queries: an item is either done or pending, never half.
        return try await database.transaction(action, isolation: .repeatableRead) { connection in
            _ = try await connection.query(PagingQueries.readIndexesInOrder)
            guard let extent = try await RunExtent.read(run.id, connection) else {
                return PendingPage(prompts: [], next: nil)
            }
            var reader = PageReader(
                extent: extent, cursor: cursor?.rawValue ?? 0, limit: limit)
            if run.spec.candidatesFirst {
                let rows = try await connection.query(
                    RunQueries.candidatesArePending, [.int64(run.id.rawValue)])
                reader.withDraws = try rows.one().decode("are_pending", as: Bool.self) == false
            }
            if limit.skipsDone, cursor == nil { try await reader.skipDone(connection) }
            return try await reader.read(connection)
        }
    }
}
