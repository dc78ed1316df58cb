internal import FoundationEssentials
package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Most workers that `workers` lists.
    private static let workersMax: Int64 = 10_000

    /// How far the runs are, in order of submission; only the named one when there is a name.
    /// Throws `.conflict` when there is no such run.
    package func status(ofRun name: String? = nil) async throws(StoreError) -> [RunStatus] {
        try await database.with("read the status") { connection in
            guard let name else {
                return try await connection.query(ReadingQueries.allRuns).map(RunStatus.init)
            }
            let rows = try await connection.query(ReadingQueries.oneRun, [.string(name)])
            if rows.isEmpty { throw Self.noRun(name) }
            return try rows.map(RunStatus.init)
        }
    }

    /// The workers of the coordinator that leads.
    package func workers() async throws(StoreError) -> [WorkerStatus] {
        try await database.with("read the workers") { connection in
            try await connection.query(WorkerQueries.all, [.int64(Self.workersMax)]).map { row in
                WorkerStatus(
                    id: try row.decode("worker"), name: try row.decode("name"),
                    state: try row.decode("state"), note: try row.decode("note", as: String?.self),
                    seenAt: try row.decode("seen_at"),
                    coordinator: try row.decode("coordinator", as: String?.self),
                    shut: try BoundedJSON.decode(
                        [ShutEndpoint].self,
                        from: Data(row.decode("shut", as: String.self).utf8)))
            }
        }
    }

    /// The table of a prompt; throws `.conflict` when run or prompt are not there or nothing of
    /// the prompt has landed yet.
    package func table(
        ofRun run: String, prompt: PromptName
    ) async throws(StoreError) -> QuantileTable {
        try await database.with("read a quantile table") { connection in
            let rows: PostgresRows
            let shown: String
            switch prompt {
            case .key(let key):
                shown = "with the key \"\(key)\""
                rows = try await connection.query(
                    ReadingQueries.tableByKey, [.string(run), .string(key)])
            case .id(let id):
                shown = "\(id.rawValue)"
                rows = try await connection.query(
                    ReadingQueries.tableByID, [.string(run), .int64(id.rawValue)])
            }
            if let row = rows.first { return try QuantileTable(row) }
            if try await connection.query(ReadingQueries.oneRun, [.string(run)]).isEmpty {
                throw Self.noRun(run)
            }
            throw StoreError(
                .conflict,
                "Run \"\(run)\" has no rewards of a prompt \(shown). The prompts are in the view "
                    + "ogive.prompts; `ogive status` says how far the run is.")
        }
    }

    /// Tables of a run in order of prompt, at most `limit`, from prompts after `cursor`.
    package func tables(
        ofRun run: String, after cursor: PromptID? = nil, limit: Int
    ) async throws(StoreError) -> [QuantileTable] {
        try await database.with("read quantile tables") { connection in
            try await connection.query(
                ReadingQueries.tables,
                [.string(run), .int64(cursor?.rawValue ?? 0), .int64(Int64(limit))]
            ).map(QuantileTable.init)
        }
    }

    /// Counts over the tables of a run.
    package func summary(ofRun run: String) async throws(StoreError) -> TableSummary {
        try await database.with("summarise the tables") { connection in
            let row = try await connection.query(ReadingQueries.summary, [.string(run)]).one()
            return TableSummary(
                tables: try row.decode("tables"), degenerate: try row.decode("degenerate"),
                complete: try row.decode("complete"))
        }
    }

    private static func noRun(_ name: String) -> StoreError {
        StoreError(.conflict, "There is no run \"\(name)\". `ogive status` lists the runs.")
    }
}
