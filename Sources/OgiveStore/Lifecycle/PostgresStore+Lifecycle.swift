package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Closes an open run: nothing more of it is handed out. What landed stays, and what is under
    /// way still lands; submitted again, the run goes on. Throws `.conflict` when there is no such
    /// run or it is not open.
    package func cancel(run name: String) async throws(StoreError) -> RunStatus {
        let run = try await run(named: name)
        let changed = try await database.transaction("cancel run \"\(name)\"") { connection in
            let changed = try await connection.execute(
                RunQueries.cancel, [.int64(run.id.rawValue)])
            if changed > 0 { try await connection.execute(SubmitQueries.notify) }
            return changed
        }
        guard let status = try await status(ofRun: name).first else {
            throw StoreError(.conflict, "Run \"\(name)\" was dropped.")
        }
        if changed == 0 {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" is not open (\(status.state)): there is nothing to cancel.")
        }
        return status
    }

    /// Removes a run, and the rewards and completions that no other run names. Nothing is removed
    /// when `isDryRun`. Prompts stay. Throws `.conflict` when there is no such run, it is open, it
    /// has snapshots, or this login may not.
    package func drop(
        run name: String, isDryRun: Bool = false
    ) async throws(StoreError) -> DroppedRun {
        try await dropping("drop run \"\(name)\"", isDryRun: isDryRun) { connection in
            let drop = try await RunDrop(name, connection)
            if !isDryRun { try await drop.perform(connection) }
            return drop.outline
        }
    }

    /// Samplings and scorings that no run names: what is left of runs that were given another
    /// specification.
    package func orphans() async throws(StoreError) -> [StoredData] {
        try await database.with("read what no run names") { connection in
            try await connection.query(ReadingQueries.orphans).map(StoredData.init)
        }
    }

    /// Removes what `orphans` lists, and says what that was. Nothing is removed when `isDryRun`.
    /// Throws `.conflict` when this login may not.
    package func dropOrphans(isDryRun: Bool = false) async throws(StoreError) -> [StoredData] {
        try await dropping("drop what no run names", isDryRun: isDryRun) { connection in
            let orphans = try await connection.query(ReadingQueries.orphans).map(StoredData.init)
            if isDryRun { return orphans }
            try await DataDrop(
                samplings: orphans.filter(\.isSampling).map(\.id),
                scorings: orphans.filter { !$0.isSampling }.map(\.id)
            ).perform(connection)
            return orphans
        }
    }

    /// Removes a prompt set that no sampling needs, with its candidates. Nothing is removed when
    /// `isDryRun`. Throws `.conflict` when there is no such set, a run or a sampling is on it, or
    /// this login may not.
    package func drop(
        set name: String, isDryRun: Bool = false
    ) async throws(StoreError) -> DroppedSet {
        try await dropping("drop set \"\(name)\"", isDryRun: isDryRun) { connection in
            if !isDryRun { _ = try await connection.query(DropQueries.lockSet, [.string(name)]) }
            guard
                let row = try await connection.query(DropQueries.promptSet, [.string(name)]).first
            else { throw try await Self.noSet(name, connection) }
            let runs = try row.decode("runs", as: [String].self)
            let samplings = try row.decode("samplings", as: Int.self)
            if let reason = Self.need(of: name, runs, samplings: samplings) {
                throw StoreError(.conflict, reason)
            }
            if !isDryRun {
                let id = PostgresValue.int64(try row.decode("id"))
                for sql in DropQueries.deleteSet { try await connection.execute(sql, [id]) }
            }
            return DroppedSet(
                set: name, prompts: try row.decode("prompts"),
                candidates: try row.decode("candidates"))
        }
    }

    /// What keeps a prompt set from being removed, with the way out; `nil` when nothing does.
    private static func need(of set: String, _ runs: [String], samplings: Int) -> String? {
        if let first = runs.first {
            let names = runs.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
            return "Prompt set \"\(set)\" is that of \(runs.count == 1 ? "run" : "the runs") "
                + "\(names)\(runs.count > 5 ? ", …" : ""): drop what uses it first, for example "
                + "`ogive drop \(first)`."
        }
        guard samplings > 0 else { return nil }
        return "Prompt set \"\(set)\" has completions that no run names: remove them first with "
            + "`ogive drop --orphans`."
    }

    private static func noSet(
        _ name: String, _ connection: PostgresConnection
    ) async throws -> StoreError {
        let known = try await connection.query(SubmitQueries.promptSets)
            .map { "\"\(try $0.decode("name", as: String.self))\"" }
        let list = known.isEmpty ? "there are none" : "there are " + known.joined(separator: ", ")
        return StoreError(.conflict, "There is no prompt set \"\(name)\": \(list).")
    }

    /// Runs `body` as the owner of the data, when nobody submits or lands; when `isDryRun`, as it
    /// is.
    private func dropping<T: Sendable>(
        _ action: String, isDryRun: Bool,
        _ body: @Sendable (PostgresConnection) async throws -> T
    ) async throws(StoreError) -> T {
        try await database.transaction(action) { connection in
            try await connection.execute(DropQueries.limitWaiting)
            if !isDryRun {
                do {
                    try await connection.execute(DropQueries.becomeOwner)
                } catch let error as PostgresError where error.sqlState == "42501" {
                    throw StoreError(
                        .conflict,
                        "This login may not drop data: only members of ogive_owner may. Use the "
                            + "login that ran `ogive migrate up`.")
                }
                // No submission builds on what goes, and no landing is in the middle of it.
                _ = try await connection.query(
                    SubmitQueries.acquireLock, [.int64(SubmitQueries.lock)])
                _ = try await connection.query(LandingQueries.waitForOthers)
            }
            return try await body(connection)
        }
    }
}

/// Samplings and scorings that go, with all that is theirs.
private struct DataDrop: Sendable {
    var samplings: [Int64] = []
    var scorings: [Int64] = []

    func bytes(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query(
            DropQueries.bytes, [.int64Array(samplings), .int64Array(scorings)]
        ).one().decode("bytes")
    }

    func perform(_ connection: PostgresConnection) async throws {
        for sampling in samplings {
            try await connection.execute(DropQueries.dropCompletions(sampling))
        }
        for sql in DropQueries.deleteRewards + [DropQueries.deleteScorings] {
            try await connection.execute(sql, [.int64Array(scorings)])
        }
        for sql in [DropQueries.deleteLogProbabilities, DropQueries.deleteSamplings] {
            try await connection.execute(sql, [.int64Array(samplings)])
        }
    }
}

/// Finds out what goes with a run, and removes it, within one transaction.
private struct RunDrop {
    private(set) var outline: DroppedRun
    private let id: Int64
    private var data = DataDrop()

    init(_ name: String, _ connection: PostgresConnection) async throws {
        guard let row = try await connection.query(DropQueries.run, [.string(name)]).first else {
            throw StoreError(
                .conflict, "There is no run \"\(name)\". `ogive status` lists the runs.")
        }
        if try row.decode("state", as: String.self) == "open" {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" is open: end it with `ogive cancel \(name)`, then drop it.")
        }
        let snapshots = try row.decode("snapshots", as: [String].self)
        if !snapshots.isEmpty {
            throw StoreError(
                .conflict,
                "Run \"\(name)\" has snapshots (\(snapshots.joined(separator: ", "))), and what "
                    + "they pin is never dropped.")
        }
        id = try row.decode("id")
        outline = DroppedRun(run: name, promptSet: try row.decode("prompt_set"))
        outline.rewardsKeptBy = try row.decode("scoring_runs")
        outline.completionsKeptBy = try row.decode("sampling_runs")
        let ownSampling: Int64 = try row.decode("sampling_id")
        if outline.rewardsKeptBy.isEmpty {
            data.scorings = [try row.decode("scoring_id")]
            outline.rewards = try row.decode("rewards")
        }
        if outline.completionsKeptBy.isEmpty {
            data.samplings = [ownSampling]
            outline.completions = try row.decode("draws")
            data.scorings = try await connection.query(
                DropQueries.scorings, [.int64(ownSampling)]
            ).map { try $0.decode(0) }
        }
        outline.bytes = try await data.bytes(connection)
    }

    func perform(_ connection: PostgresConnection) async throws {
        try await connection.execute(DropQueries.deleteRun, [.int64(id)])
        try await data.perform(connection)
        try await connection.execute(SubmitQueries.notify)
    }
}

/// What dropping a run removes, or would remove.
package struct DroppedRun: Hashable, Sendable {
    /// The run.
    package let run: String
    /// The prompt set, which stays.
    package let promptSet: String
    /// Rewards that go, of draws and candidates; 0 when they stay.
    package var rewards = 0
    /// Completions that go; 0 when they stay.
    package var completions = 0
    /// Bytes on disk that are freed, indexes included.
    package var bytes = 0
    /// Runs that keep the rewards, because they are on the same scoring.
    package var rewardsKeptBy: [String] = []
    /// Runs that keep the completions, because they are on the same sampling.
    package var completionsKeptBy: [String] = []

    init(run: String, promptSet: String) {
        self.run = run
        self.promptSet = promptSet
    }
}

/// What dropping a prompt set removes, or would remove.
package struct DroppedSet: Hashable, Sendable {
    /// The set.
    package let set: String
    /// Its prompts.
    package let prompts: Int
    /// Their candidates.
    package let candidates: Int
}

/// A sampling or a scoring, with what it takes on disk.
package struct StoredData: Hashable, Sendable {
    /// Whether it is a sampling, which has completions; else a scoring, which has rewards.
    package let isSampling: Bool
    /// Its number.
    package let id: Int64
    /// The number of the sampling; of a scoring the one that it belongs to.
    package let sampling: Int64
    /// The name of the prompt set.
    package let promptSet: String
    /// Model id of the reference policy, or model id or name of the scorer.
    package let model: String
    /// Completions or rewards.
    package let items: Int
    /// Bytes on disk, indexes included.
    package let bytes: Int
    /// When a run first asked for it, as RFC 3339 text.
    package let createdAt: String

    init(_ row: PostgresRow) throws(PostgresError) {
        isSampling = try row.decode("kind", as: String.self) == "sampling"
        id = try row.decode("data_id")
        sampling = try row.decode("sampling_id")
        promptSet = try row.decode("prompt_set")
        model = try row.decode("model", as: String?.self) ?? ""
        items = try row.decode("items")
        bytes = try row.decode("bytes")
        createdAt = try row.decode("created_at")
    }
}
