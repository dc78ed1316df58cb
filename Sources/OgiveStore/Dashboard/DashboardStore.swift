internal import FoundationEssentials
package import OgiveCore
package import Postgres

/// What the dashboard reads of PostgreSQL: in sessions that can change nothing, with the rights of
/// a reader where the login has that role, and never for long.
package final class DashboardStore: DashboardReader {
    /// Most tables, and most rewards of them about, that charts are drawn from.
    static let sampleTables = 400
    static let sampleRewards = 40_000
    /// Most prompts whose completions are measured, and most draws of each.
    static let lengthTables = 120
    static let lengthDraws = 32
    /// Most tables that are looked at for the share of degenerate ones.
    static let degenerateTables = 100

    let database: Database
    /// What lists say of tables that they showed before.
    let known = KnownTables()

    private init(_ database: Database) {
        self.database = database
    }

    /// Connects. `timeout`: the longest time of a statement. Throws what the server says against
    /// it.
    package static func open(
        _ configuration: PostgresConfiguration, connectionsMax: Int, timeout: Duration
    ) async throws(StoreError) -> DashboardStore {
        var configuration = configuration
        configuration.applicationName = "ogive dashboard"
        configuration.statementTimeout = min(configuration.statementTimeout, timeout)
        // A standby will do, too; and a session that may only read counts as one.
        configuration["target_session_attrs"] = "any"
        // As in PagingQueries.readByIndexes: pages are read while runs land, without statistics.
        let options = [
            configuration["options"], "-c default_transaction_read_only=on",
            // Its statements are few and asked again and again, mostly while a run needs the
            // processor: planning most of them takes longer than running them.
            "-c enable_bitmapscan=off", "-c plan_cache_mode=force_generic_plan",
        ]
        configuration["options"] = options.compactMap { $0 }.joined(separator: " ")
        let first = Database(configuration, connectionsMax: 1, patience: .seconds(10))
        let mayRead: Bool
        do throws(StoreError) {
            mayRead = try await first.with("look at the rights") { connection in
                try await connection.query(DashboardQueries.mayRead).one().decode("may_read")
            }
        } catch {
            await first.close()
            throw error
        }
        await first.close()
        if mayRead { configuration["options"]? += " -c role=ogive_reader" }
        return DashboardStore(
            Database(configuration, connectionsMax: connectionsMax, patience: .seconds(10)))
    }

    /// Closes all connections.
    package func close() async {
        await database.close()
    }

    func read<Value: Sendable>(
        _ action: String, _ body: (PostgresConnection) async throws -> Value
    ) async throws(StoreError) -> Value {
        try await database.with(action, body)
    }

    /// By descending number, from those before `id`.
    package func runs(before id: RunID?, limit: Int) async throws(StoreError) -> [RunOverview] {
        try await read("read the runs") { connection in
            try await connection.queryPrepared(
                DashboardQueries.runs(most: limit), [.int64(id?.rawValue ?? .max)]
            ).map(RunOverview.init)
        }
    }

    /// Throws `.conflict` when there is none of this number.
    package func run(_ id: RunID) async throws(StoreError) -> RunOverview {
        try await read("read run \(id.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.run, [.int64(id.rawValue)])
            guard let row = rows.first else {
                throw StoreError(.conflict, "There is no run \(id.rawValue).")
            }
            return try RunOverview(row)
        }
    }

    /// Ascending in time, the latest ones.
    package func history(of run: RunID, limit: Int) async throws(StoreError) -> [RunMoment] {
        try await read("read the history of run \(run.rawValue)") { connection in
            try await connection.queryPrepared(
                DashboardQueries.history(most: limit), [.int64(run.rawValue)]
            ).map { row in
                RunMoment(
                    at: try row.decode("at"), draws: try row.decode("draws"),
                    failures: try row.decode("failures"), tokens: try row.decode("tokens"))
            }.reversed()
        }
    }

    /// Without snapshots, which have a page of their own.
    package func source(of run: RunOverview) async throws(StoreError) -> ReportSource {
        try await read("read the specification of run \(run.id.rawValue)") { connection in
            let rows = try await connection.queryPrepared(
                DashboardQueries.source, [.int64(run.id.rawValue)])
            guard let row = rows.first else {
                throw StoreError(.conflict, "There is no run \(run.id.rawValue).")
            }
            return try ReportSource(row, run)
        }
    }

    /// The first ones of each kind with their texts.
    package func failures(of run: RunOverview) async throws(StoreError) -> FailureSample {
        try await database.transaction(
            "read the failures of run \(run.id.rawValue)"
        ) { connection in
            try await connection.queryPrepared(DashboardQueries.nestLoops)
            let rows = try await connection.queryPrepared(
                DashboardQueries.failures,
                parameters(run) + [.int32(Int32(ReportBounds.messageCharacters))])
            return FailureSample(
                groups: try FailureReport.grouped(rows),
                counted: try rows.first?.decode("counted", as: Int.self) ?? 0)
        }
    }

    /// The workers that were seen last.
    package func fleet() async throws(StoreError) -> FleetStatus {
        try await read("read the fleet") { connection in
            let row = try await connection.queryPrepared(DashboardQueries.coordinator).one()
            let counts = Data(try row.decode("counts", as: String.self).utf8)
            let workers = try await connection.queryPrepared(DashboardQueries.workers)
            return FleetStatus(
                coordinator: try row.decode("coordinator", as: String?.self),
                term: try row.decode("term"), leads: try row.decode("leads"),
                since: try row.decode("since", as: String?.self),
                renewedAt: try row.decode("renewed_at", as: String?.self),
                counts: try JSONDecoder().decode([String: Int].self, from: counts),
                workers: try workers.map(FleetStatus.Worker.init))
        }
    }
}

extension FleetStatus.Worker {
    fileprivate init(_ row: PostgresRow) throws {
        let outages = try BoundedJSON.decode(
            [UnavailableEndpoint].self, from: Data(row.decode("outages", as: String.self).utf8))
        var report = Report()
        report.host = try row.decode("host", as: String?.self)
        report.job = try row.decode("job", as: String?.self)
        report.version = try row.decode("version", as: String?.self)
        report.endpoints = try row.decode("endpoints")
        report.drawsPerSecond = try row.decode("draws_per_second", as: Double?.self)
        report.tokensPerSecond = try row.decode("tokens_per_second", as: Double?.self)
        report.busyShare = try row.decode("busy_share", as: Double?.self)
        self.init(
            id: try row.decode("worker"), name: try row.decode("name"),
            state: try row.decode("state"), note: try row.decode("note", as: String?.self),
            seenAt: try row.decode("seen_at"),
            outages: outages.map {
                "\($0.endpoint) (\($0.model)), since \($0.since): \($0.code), \($0.message)"
            }, report: report)
    }
}

extension RunOverview {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        self.init(
            id: RunID(try row.decode("run_id")), promptSetID: try row.decode("prompt_set_id"),
            scoringID: ScoringID(try row.decode("scoring_id")),
            source: Source(
                run: try row.decode("run"), state: try row.decode("state"),
                promptSet: try row.decode("prompt_set"), policy: try row.decode("policy"),
                scorer: try row.decode("scorer"), isSynthetic: try row.decode("synthetic"),
                submittedAt: try row.decode("submitted_at"),
                finishedAt: try row.decode("finished_at", as: String?.self)),
            counts: try ReportCounts(row),
            meanReward: try row.decode("mean_reward", as: Double?.self),
            cost: try row.decode("cost", as: Double?.self))
    }
}

extension ReportCounts {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        self.init()
        prompts = try row.decode("prompts")
        draws = try row.decode("draws")
        targetDraws = try row.decode("target_draws")
        sampled = try row.decode("sampled")
        landed = try row.decode("landed")
        failures = try row.decode("failures")
        pending = try row.decode("pending")
        targetCandidates = try row.decode("target_candidates")
        landedCandidates = try row.decode("landed_candidates")
        candidateFailures = try row.decode("candidate_failures")
        targetLogProbabilities = try row.decode("target_log_probabilities")
        landedLogProbabilities = try row.decode("landed_log_probabilities")
        logProbabilityFailures = try row.decode("log_probability_failures")
        tokens = try row.decode("tokens")
        truncated = try row.decode("truncated")
    }
}

extension ReportSource {
    fileprivate init(_ row: PostgresRow, _ run: RunOverview) throws(PostgresError) {
        let source = run.source
        self.init(
            run: source.run, state: source.state, promptSet: source.promptSet,
            policy: source.policy, scorer: source.scorer, isSynthetic: source.isSynthetic,
            runSpec: try row.decode("run_spec"), scoringSpec: try row.decode("scoring_spec"),
            samplingSHA256: try row.decode("sampling_sha256"),
            scoringSHA256: try row.decode("scoring_sha256"),
            policyFingerprint: try row.decode("policy_fingerprint", as: String?.self),
            scorerFingerprint: try row.decode("scorer_fingerprint", as: String?.self),
            submittedAt: source.submittedAt, finishedAt: source.finishedAt,
            madeAt: try row.decode("made_at"), schemaVersion: try row.decode("schema_version"),
            serverVersion: try row.decode("server_version"))
        isAdopted = try row.decode("adopted")
    }
}
