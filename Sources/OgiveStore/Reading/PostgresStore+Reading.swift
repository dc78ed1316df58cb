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

    /// How far the open runs are, the oldest ones when there are more than `most`.
    package func openStatus(most: Int) async throws(StoreError) -> [RunStatus] {
        try await database.with("read the status of open runs") { connection in
            try await connection.query(ReadingQueries.openRuns, [.int64(Int64(most))])
                .map(RunStatus.init)
        }
    }

    /// What is still to be done of each open run, in order of submission.
    package func pendingWork() async throws(StoreError) -> [PendingWork] {
        try await database.with("read what is pending") { connection in
            try await connection.query(ReadingQueries.pendingWork).map { row in
                PendingWork(run: try row.decode("run"), items: try row.decode("items"))
            }
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
                    load: try WorkerStatus.Load(row),
                    unavailable: try BoundedJSON.decode(
                        [UnavailableEndpoint].self,
                        from: Data(row.decode("outages", as: String.self).utf8)))
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

    /// Counts over the tables of a run's next prompts after `cursor`: of those whose numbers are
    /// within `span` of the first one's.
    package func census(
        of run: RunStatus, after cursor: PromptID?, span: Int64
    ) async throws(StoreError) -> TableCensus {
        try await database.with("look at some tables") { connection in
            let next = try await connection.query(
                ReadingQueries.nextPrompt,
                [.string(run.promptSet), .int64(cursor?.rawValue ?? 0)])
            guard let row = next.first else {
                return TableCensus(tables: 0, degenerate: 0, last: nil)
            }
            let first: Int64 = try row.decode("prompt_id")
            let last = first + span - 1
            let counts = try await connection.query(
                ReadingQueries.census, [.string(run.run), .int64(first), .int64(last)]
            ).one()
            return TableCensus(
                tables: try counts.decode("tables"), degenerate: try counts.decode("degenerate"),
                last: PromptID(last))
        }
    }

    private static func noRun(_ name: String) -> StoreError {
        StoreError(.conflict, "There is no run \"\(name)\". `ogive status` lists the runs.")
    }
}

/// The rewards of a prompt's draws in one run.
package struct QuantileTable: Hashable, Sendable {
    /// The prompt.
    package let prompt: PromptID
    /// Its name within the set.
    package let promptKey: String
    /// Draws that the run asks for.
    package let draws: Int
    /// Whether all of them are there.
    package let isComplete: Bool
    /// Indexes of the draws with a reward, ascending.
    package let drawIndexes: [Int32]
    /// Rewards in the order of `drawIndexes`.
    package let drawRewards: [Double]
    /// Rewards, ascending.
    package let rewards: [Double]

    init(_ row: PostgresRow) throws(PostgresError) {
        prompt = PromptID(try row.decode("prompt_id"))
        promptKey = try row.decode("prompt_key")
        draws = try row.decode("draws")
        isComplete = try row.decode("complete")
        drawIndexes = try row.decode("draw_indexes")
        drawRewards = try row.decode("draw_rewards")
        rewards = try row.decode("rewards")
    }
}

/// How a caller names a prompt of a run.
package enum PromptName: Hashable, Sendable {
    /// By its key within the prompt set.
    case key(String)
    /// By its row in the database.
    case id(PromptID)
}

/// Counts over the tables of a run.
package struct TableSummary: Hashable, Sendable {
    /// Prompts with a reward.
    package let tables: Int
    /// Tables whose rewards are all equal.
    package let degenerate: Int
    /// Tables with all draws of the run.
    package let complete: Int
}

/// Counts over some tables of a run.
package struct TableCensus: Hashable, Sendable {
    /// Tables that were looked at.
    package let tables: Int
    /// Those whose rewards are all equal.
    package let degenerate: Int
    /// Where to go on; `nil` where no prompt was left.
    package let last: PromptID?

    /// Joins the counts.
    package init(tables: Int, degenerate: Int, last: PromptID?) {
        self.tables = tables
        self.degenerate = degenerate
        self.last = last
    }
}

/// A worker as `ogive status` shows it.
package struct WorkerStatus: Hashable, Sendable {
    /// The incarnation.
    package let id: String
    /// Host and process id, as the worker says.
    package let name: String
    /// `active`, `idle`, `draining`, `left` or `lost`.
    package let state: String
    /// Why it gets no work.
    package let note: String?
    /// When that was recorded, in UTC.
    package let seenAt: String
    /// The coordinator that leads.
    package let coordinator: String?
    /// Where it runs, and what it did.
    package let load: Load
    /// Endpoints of its models that get no requests for now.
    package let unavailable: [UnavailableEndpoint]
}

extension WorkerStatus {
    /// Where a worker runs, and what it did, as it says.
    package struct Load: Hashable, Sendable {
        /// The host.
        package let host: String?
        /// The job of a batch system.
        package let job: String?
        /// Version of its program.
        package let version: String?
        /// The addresses of its servers.
        package let endpoints: [String]
        /// Tasks that it can sample at once; `nil` before it reported, as all that follows.
        package let sampleSlots: Int?
        /// Batches that it can score at once.
        package let scoreSlots: Int?
        /// Draws of it that landed.
        package let draws: Int?
        /// Tokens of their completions.
        package let tokens: Int?
        /// Draws a second of late.
        package let drawsPerSecond: Double?
        /// Tokens a second of late.
        package let tokensPerSecond: Double?
        /// Share of the time of its slots, of late, that they were busy.
        package let busyShare: Double?
        /// What its slots waited for of late.
        package let waits: SlotTime

        init(_ row: PostgresRow) throws(PostgresError) {
            host = try row.decode("host", as: String?.self)
            job = try row.decode("job", as: String?.self)
            version = try row.decode("version", as: String?.self)
            endpoints = try row.decode("endpoints")
            sampleSlots = try row.decode("sample_slots", as: Int?.self)
            scoreSlots = try row.decode("score_slots", as: Int?.self)
            draws = try row.decode("draws", as: Int?.self)
            tokens = try row.decode("tokens", as: Int?.self)
            drawsPerSecond = try row.decode("draws_per_second", as: Double?.self)
            tokensPerSecond = try row.decode("tokens_per_second", as: Double?.self)
            busyShare = try row.decode("busy_share", as: Double?.self)
            waits = SlotTime(stored: try row.decode("waits"))
        }
    }
}

/// An endpoint that gets no requests, as a worker reported.
package struct UnavailableEndpoint: Hashable, Sendable, Decodable {
    /// What it serves: `policy` or `scorer`, the adapter and the model.
    package let model: String
    /// Its address.
    package let endpoint: String
    /// The kind of failure that made it unavailable.
    package let code: String
    /// What a person needs to know.
    package let message: String
    /// Since when no request to it was answered, in UTC.
    package let since: String
}

extension PostgresStore {
    /// Some completions of a sampling: of its first prompts that have any, the first ones each.
    package func storedDraws(
        of sampling: SamplingID, prompts: Int, each: Int
    ) async throws(StoreError) -> [(prompt: Prompt, completion: String)] {
        try await database.with("read stored completions") { connection in
            let rows = try await connection.query(
                ReadingQueries.storedDraws,
                [
                    .int64(sampling.rawValue), .int64(Int64(each)), .int64(Int64(prompts * each)),
                ])
            return try rows.map { row -> (prompt: Prompt, completion: String) in
                let content = try JSONDecoder().decode(
                    PromptContent.self, from: Data(row.decode("content", as: String.self).utf8))
                let prompt = Prompt(
                    id: PromptID(try row.decode("id")), key: try row.decode("key"),
                    content: content, metadata: try row.decode("metadata"))
                return (prompt, try StoredText(row).text)
            }
        }
    }
}
