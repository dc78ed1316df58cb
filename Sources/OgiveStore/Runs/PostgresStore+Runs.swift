internal import FoundationEssentials
internal import Logging
package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Reads descriptions only, no prompt and no draw.
    package func openRuns() async throws(StoreError) -> [RunDescription] {
        try await database.with("read the open runs") { connection in
            try await connection.query(RunQueries.open).map { row in
                try RunDescription(row)
            }
        }
    }

    /// The run with this name; throws `.conflict` when there is none.
    package func run(named name: String) async throws(StoreError) -> RunDescription {
        try await database.with("read run \"\(name)\"") { connection in
            let rows = try await connection.query(RunQueries.byName, [.string(name)])
            guard let row = rows.first else {
                throw StoreError(
                    .conflict, "There is no run \"\(name)\". `ogive status` lists the runs.")
            }
            return try RunDescription(row)
        }
    }

    /// Throws `.conflict` when the run was dropped meanwhile.
    package func bind(_ binding: FingerprintBinding, term: Term)
        async throws(StoreError) -> FingerprintBinding
    {
        try await database.transaction("bind fingerprints") { connection in
            try await connection.require(term, TermQueries.lockForCheck)
            var bound = binding
            if let policy = binding.policy {
                bound.policy = try await Self.bind(
                    RunQueries.bindPolicy, binding.run, policy, connection)
            }
            bound.scorer = try await Self.bind(
                RunQueries.bindScorer, binding.run, binding.scorer, connection)
            return bound
        }
    }

    private static func bind(
        _ sql: String, _ run: RunID, _ fingerprint: Fingerprint, _ connection: PostgresConnection
    ) async throws -> Fingerprint {
        let rows = try await connection.query(
            sql, [.int64(run.rawValue), .json(CanonicalJSON.text(fingerprint.facts))])
        guard let row = rows.first else {
            throw StoreError(.conflict, "There is no run \(run.rawValue): it was dropped.")
        }
        return try Fingerprint(facts: try row.decode("facts", as: String.self))
    }

    /// A run that is closed already stays as it is; one that was dropped counts as cancelled.
    package func finish(_ run: RunID, term: Term) async throws(StoreError) -> RunState {
        let action = "finish run \(run.rawValue)"
        let state = try await database.transaction(action) { connection -> RunState in
            try await connection.require(term, TermQueries.lockForCheck)
            guard let extent = try await RunExtent.read(run, connection) else { return .cancelled }
            // A state that a later version added is an end, too.
            let former = RunState(rawValue: extent.state) ?? .finished
            if former != .open { return former }
            _ = try await connection.query(PagingQueries.readByIndexes)
            if try await PromptTargets(extent).resolve(connection) {
                return try await Self.stopIfExhausted(run, extent, connection)
            }
            try await connection.execute(
                RunQueries.finish, [.int64(run.rawValue), .int64(clock.now())])
            return .finished
        }
        if state != .open { try await tidy(run, term: term) }
        return state
    }

    /// What a finished run's tables are better off with. What may succeed later is thrown: the end
    /// of a run that is finished is asked for again. All else is only logged, as the run is whole.
    private func tidy(_ run: RunID, term: Term) async throws(StoreError) {
        do throws(StoreError) {
            try await database.transaction("fold the tails of run \(run.rawValue)") { connection in
                try await connection.require(term, TermQueries.lockForCheck)
                try await connection.foldTails(of: run)
            }
            _ = try await database.with("analyze new tables") { connection in
                try await connection.execute(RunQueries.analyzeNewTables)
            }
        } catch {
            logger.warning(
                "the tables of a finished run stay as they are, and are slower to read",
                metadata: ["run": "\(run.rawValue)", "reason": "\(error.message)"])
            guard !error.isRetriable, error.code != .staleTerm else { throw error }
        }
    }
}

extension PostgresStore {
    /// Stops the run when its budget is spent and what was begun is whole.
    private static func stopIfExhausted(
        _ run: RunID, _ extent: RunExtent, _ connection: PostgresConnection
    ) async throws -> RunState {
        let rows = try await connection.query(RunQueries.byID, [.int64(run.rawValue)])
        guard let row = rows.first else { return .cancelled }
        let description = try RunDescription(row)
        guard description.spec.isExhausted(by: description.spent),
            try await !extent.lacksBegun(connection)
        else { return .open }
        try await connection.execute(RunQueries.stop, [.int64(run.rawValue)])
        return .outOfBudget
    }
}

extension PostgresConnection {
    /// Takes the tails of a run's tables into the tables, when no landing changes them.
    fileprivate func foldTails(of run: RunID) async throws {
        let id = PostgresValue.int64(run.rawValue)
        guard let row = try await query(LandingQueries.sampling, [id]).first else { return }
        try await execute(
            LandingQueries.lockSampling, [.int64(try row.decode(0))])
        try await execute(
            LandingQueries.foldTails, [id, .int32(Int32(CommittedState.Table.shortMax))])
    }
}

/// What has to be there for a run to be finished.
struct RunExtent: Sendable {
    let run: Int64
    let promptSet: Int64
    let sampling: Int64
    let scoring: Int64
    /// The most draws that it asks for of a prompt.
    let draws: Int32
    /// Draws that it asks for of prompts without a target of their own.
    let firstDraws: Int32
    let isAdaptive: Bool
    let scoresCandidates: Bool
    let asksLogProbabilities: Bool
    let samples: Bool
    /// Draws that runs of its scoring ask for of every prompt, or did before they asked for more.
    let askedDraws: [Int32]
    /// `open`, `finished`, `budget` or `cancelled`.
    let state: String
    /// Where its completions come from, when others sampled them.
    let origin: AdoptedOrigin?
    /// Whether its rewards come from there, too.
    let adopts: Bool

    /// Reads it; `nil` when there is no such run.
    static func read(_ run: RunID, _ connection: PostgresConnection) async throws -> RunExtent? {
        try await connection.query(RunQueries.extent, [.int64(run.rawValue)]).first
            .map { row in try make(run, row) }
    }

    /// Reads it on a connection that keeps its session, as a coordinator does for each page.
    static func readPrepared(
        _ run: RunID, _ connection: PostgresConnection
    ) async throws -> RunExtent? {
        try await connection.queryPrepared(RunQueries.extent, [.int64(run.rawValue)]).first
            .map { row in try make(run, row) }
    }

    private static func make(_ run: RunID, _ row: PostgresRow) throws -> RunExtent {
        let draws: Int32 = try row.decode("draws")
        let minDraws = try row.decode("min_draws", as: Int32?.self)
        return RunExtent(
            run: run.rawValue, promptSet: try row.decode("prompt_set_id"),
            sampling: try row.decode("sampling_id"),
            scoring: try row.decode("scoring_id"), draws: draws,
            firstDraws: minDraws ?? draws, isAdaptive: minDraws != nil,
            scoresCandidates: try row.decode("scores_candidates"),
            asksLogProbabilities: try row.decode("candidate_log_probabilities"),
            samples: try row.decode("samples"), askedDraws: try row.decode("asked_draws"),
            state: try row.decode("state"), origin: try AdoptedOrigin(row),
            adopts: try row.decode("adopts", as: Bool?.self) ?? false)
    }

    /// Whether an item has neither a reward nor a failure. When the counters show that nothing has,
    /// the prompts are not looked at.
    func isPending(_ connection: PostgresConnection) async throws -> Bool {
        let counted = try await connection.query(RunQueries.isCountedDone, [.int64(run)])
        if try counted.first?.decode(0, as: Bool?.self) == true { return false }
        if try await isSeenPending(connection) { return true }
        return try await connection.query(
            RunQueries.isPending,
            [
                .int64(promptSet), .int64(scoring), .int32(firstDraws), .bool(scoresCandidates),
                .int64(sampling), .bool(samples), .bool(asksLogProbabilities), .int64(run),
            ]
        ).one().decode("is_pending")
    }
}

/// The file that completions were adopted from: nobody can prove who sampled them, or how.
package struct AdoptedOrigin: Hashable, Sendable {
    /// SHA-256 of the file, in hexadecimal.
    package let sha256: String
    /// The policy that made them, as the user said.
    package let model: String

    /// Reads it; `nil` when they were sampled.
    init?(_ row: PostgresRow) throws {
        guard let file = try row.decode("adopted_file", as: String?.self) else { return nil }
        sha256 = file
        model = try row.decode("policy_model", as: String?.self) ?? ""
    }
}

extension RunDescription {
    init(_ row: PostgresRow) throws {
        let text: String = try row.decode("spec")
        let spec = try JSONDecoder().decode(RunSpec.self, from: Data(text.utf8))
        self.init(
            id: RunID(try row.decode("id")), sampling: SamplingID(try row.decode("sampling_id")),
            scoring: ScoringID(try row.decode("scoring_id")), spec: spec)
        spent = try Spending(row)
        policyFingerprint = try row.decode("policy", as: String?.self).map(Fingerprint.init(facts:))
        scorerFingerprint = try row.decode("scorer", as: String?.self).map(Fingerprint.init(facts:))
    }
}

extension Fingerprint {
    /// Reads the stored facts, a JSON object of texts.
    init(facts text: String) throws {
        self.init(try JSONDecoder().decode([String: String].self, from: Data(text.utf8)))
    }
}

/// Hears that runs were submitted or changed. Only hints: some may be missed, so keep polling.
actor RunListener {
    private let configuration: PostgresConfiguration
    private var session: PostgresConnection?

    init(_ configuration: PostgresConfiguration) {
        var configuration = configuration
        configuration.applicationName = "ogive listener"
        self.configuration = configuration
    }

    /// Waits for a hint; returns at once when it only begins to listen.
    func next() async throws(StoreError) {
        do {
            guard let session, await session.isUsable else {
                let new = try await PostgresConnection.connect(configuration)
                try await new.listen("ogive_runs")
                self.session = new
                return
            }
            _ = try await session.nextNotification()
        } catch {
            await end()
            throw StoreError(error, during: "wait for changes of runs")
        }
    }

    /// Ends the connection.
    func end() async {
        let old = session
        session = nil
        await old?.close()
    }
}
