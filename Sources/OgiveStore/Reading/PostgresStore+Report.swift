package import OgiveCore
internal import Postgres

/// What a report is asked to hold.
package struct ReportRequest: Hashable, Sendable {
    /// The run.
    package var run: String
    /// Shares of the tables, in order of mean reward, at which an example stands; in [0, 1], at
    /// most `ReportBounds.examples` of them.
    package var examples: [Double]
    /// Whether the rows are audited, where the login may read them.
    package var audits: Bool

    /// A report of a run.
    package init(
        run: String, examples: [Double] = [0.05, 0.25, 0.5, 0.75, 0.95], audits: Bool = true
    ) {
        self.run = run
        self.examples = examples
        self.audits = audits
    }
}

/// A part of a report that is read by itself.
package enum ReportPart: String, Sendable, CaseIterable {
    case rewards
    case tables
    case lengths
    case failures
    case examples
    case audit

    /// About what percentage of the time it takes, as measured with 100 000 prompts × 32 draws.
    package var weight: Double {
        switch self {
        case .rewards: 14
        case .tables: 24
        case .lengths: 30
        case .failures: 1
        case .examples: 3
        case .audit: 28
        }
    }
}

extension PostgresStore {
    /// Reads all that a report of a run holds, in one snapshot of the database, as aggregates of
    /// bounded size. `begins` is told of each part before it is read. With the rights of a reader
    /// all is there but the audit. Throws `.conflict` when there is no such run.
    package func report(
        _ request: ReportRequest, begins: (ReportPart) -> Void = { _ in }
    ) async throws(StoreError) -> RunReport {
        precondition(request.examples.allSatisfy { (0...1).contains($0) })
        precondition(request.examples.count <= ReportBounds.examples)
        let action = "report on run \"\(request.run)\""
        return try await database.transaction(action, isolation: .repeatableRead) { connection in
            let source = try await connection.query(
                ReportQueries.source, [.string(request.run)])
            guard let source = source.first else {
                throw StoreError(
                    .conflict,
                    "There is no run \"\(request.run)\". `ogive status` lists the runs.")
            }
            let status = try RunStatus(
                try await connection.query(ReadingQueries.oneRun, [.string(request.run)]).one())
            let reading = ReportReading(run: try source.decode("run_id"), connection: connection)
            var report = RunReport(
                source: try ReportSource(source, status), counts: ReportCounts(status))
            report.slotTime = status.slotTime
            report.source.snapshots = try await reading.snapshots()
            begins(.rewards)
            report.rewards = try await reading.rewards()
            begins(.tables)
            report.tables = try await reading.tables()
            begins(.lengths)
            report.lengths = try await reading.lengths(
                inTokens: status.tokens > 0, rewards: report.rewards?.histogram.range)
            begins(.failures)
            report.failures = try await reading.failures()
            report.candidates = try await reading.candidates()
            begins(.examples)
            report.examples = try await reading.examples(request.examples)
            if request.audits, try source.decode("may_audit") {
                begins(.audit)
                // Last: it changes how the rest of the transaction is planned.
                report.audit = try await reading.audit(named: request.run)
            }
            return report
        }
    }
}

extension ReportSource {
    init(_ row: PostgresRow, _ status: RunStatus) throws(PostgresError) {
        self.init(
            run: status.run, state: status.state, promptSet: status.promptSet,
            policy: status.policy, scorer: status.scorer, isSynthetic: status.isSynthetic,
            runSpec: try row.decode("run_spec"), scoringSpec: try row.decode("scoring_spec"),
            samplingSHA256: try row.decode("sampling_sha256"),
            scoringSHA256: try row.decode("scoring_sha256"),
            policyFingerprint: try row.decode("policy_fingerprint", as: String?.self),
            scorerFingerprint: try row.decode("scorer_fingerprint", as: String?.self),
            submittedAt: try row.decode("submitted_at"),
            finishedAt: try row.decode("finished_at", as: String?.self),
            madeAt: try row.decode("made_at"), schemaVersion: try row.decode("schema_version"),
            serverVersion: try row.decode("server_version"))
        isAdopted = status.isAdopted
    }
}

extension ReportCounts {
    init(_ status: RunStatus) {
        self.init()
        prompts = status.prompts
        draws = status.draws
        minDraws = status.minDraws
        targetDraws = status.targetDraws
        sampled = status.sampled
        landed = status.landed
        failures = status.failures
        pending = status.pending
        targetCandidates = status.targetCandidates
        landedCandidates = status.landedCandidates
        candidateFailures = status.candidateFailures
        targetLogProbabilities = status.targetLogProbabilities
        landedLogProbabilities = status.landedLogProbabilities
        logProbabilityFailures = status.logProbabilityFailures
        tokens = status.tokens
        truncated = status.truncated
    }
}
