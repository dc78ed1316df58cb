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

/// Audits one run within one snapshot, its lists page by page.
struct RunAudit {
    let run: String
    let extent: RunExtent
    /// Most missing items, and most problems, that the report lists.
    let listMax: Int

    private static let pageSize = 1000

    func report(_ connection: PostgresConnection) async throws -> AuditReport {
        var report = AuditReport(run: run)
        report.isOutOfBudget = extent.state == "budget"
        // An adoption that broke off is closed, and its file goes on with it.
        report.isPartlyAdopted = extent.adopts && extent.state != "finished"
        report.isCancelled = extent.state == "cancelled" && !report.isPartlyAdopted
        report.isOpen = extent.state == "open" || report.isPartlyAdopted
        report.origin = extent.origin
        try await countLanded(&report, connection)
        try await listMissing(
            AuditQueries.missingDraws,
            [
                .int64(extent.promptSet), .int64(extent.sampling), .int64(extent.scoring),
                .int32(extent.firstDraws), .int64(extent.run),
            ], &report, connection)
        if extent.scoresCandidates {
            try await listMissing(
                AuditQueries.missingCandidates,
                [.int64(extent.promptSet), .int64(extent.scoring)], &report, connection)
        }
        if extent.asksLogProbabilities {
            try await listMissing(
                LogProbabilityQueries.missing,
                [.int64(extent.promptSet), .int64(extent.sampling)], &report, connection)
        }
        try await listProblems(&report, connection)
        try await compareCounters(&report, connection)
        try await connection.forEachPage(
            SnapshotQueries.problems, [.string(run)], size: Self.pageSize
        ) { rows in
            for row in rows { note(try row.decode("problem"), in: &report) }
        }
        return report
    }

    private func countLanded(
        _ report: inout AuditReport, _ connection: PostgresConnection
    ) async throws {
        let row = try await connection.query(
            AuditQueries.landed,
            [
                .int64(extent.promptSet), .int64(extent.scoring), .int32(extent.firstDraws),
                .int64(extent.sampling), .int64(extent.run),
            ]
        ).one()
        report.draws = Int(extent.draws)
        report.prompts = try row.decode("prompts")
        report.targetDraws = try row.decode("target_draws")
        report.landed = try row.decode("draws")
        if extent.scoresCandidates {
            report.candidates = try row.decode("candidates")
            report.landedCandidates = try row.decode("landed_candidates")
        }
        if extent.asksLogProbabilities {
            report.logProbabilities = try row.decode("candidates")
            report.landedLogProbabilities = try row.decode("landed_log_probabilities")
        }
    }

    private func listMissing(
        _ sql: String, _ parameters: [PostgresValue], _ report: inout AuditReport,
        _ connection: PostgresConnection
    ) async throws {
        var current: (prompt: Int64, pending: Int, target: Int)?
        func endPrompt() {
            if let current, current.pending > 0, current.pending < current.target {
                report.partialPrompts += 1
            }
        }
        try await connection.forEachPage(sql, parameters, size: Self.pageSize) { rows in
            for row in rows {
                let item = try MissingItem(row)
                if !extent.samples, !item.hasText, item.reason == nil, !report.isPartlyAdopted {
                    report.unsampled += 1
                    continue
                }
                if current?.prompt != item.prompt {
                    endPrompt()
                    current = (item.prompt, 0, try row.decode("target"))
                }
                if item.reason == nil, item.kind == "draw" { current?.pending += 1 }
                switch (item.kind, item.reason == nil) {
                case ("draw", true): report.pending += 1
                case ("draw", false): report.failed += 1
                case ("candidate", true): report.pendingCandidates += 1
                case ("candidate", false): report.failedCandidates += 1
                case (_, true): report.pendingLogProbabilities += 1
                case (_, false): report.failedLogProbabilities += 1
                }
                if item.reason == nil, report.mayLack || report.isOpen { continue }
                report.missingCount += 1
                if report.missing.count < listMax { report.missing.append(item) }
            }
        }
        endPrompt()
    }

    private func listProblems(
        _ report: inout AuditReport, _ connection: PostgresConnection
    ) async throws {
        let drawsMax = try await connection.query(
            AuditQueries.drawsMax, [.int64(extent.sampling)]
        ).one().decode("draws", as: Int32?.self)
        var checks: [(String, [PostgresValue])] = [
            (AuditQueries.tables, [.int64(extent.sampling), .int64(extent.scoring)]),
            (
                AuditQueries.extras,
                [
                    .int64(extent.promptSet), .int64(extent.sampling),
                    .int32(drawsMax ?? extent.firstDraws),
                ]
            ),
            (AuditQueries.contradictions, [.int64(extent.scoring)]),
            (AuditQueries.parts, [.int64(extent.scoring)]),
        ]
        if extent.origin != nil {
            checks.append((AuditQueries.sampled, [.int64(extent.sampling)]))
        }
        for (sql, parameters) in checks {
            try await connection.forEachPage(sql, parameters, size: Self.pageSize) { rows in
                for row in rows {
                    let prompt: Int64 = try row.decode("prompt_id")
                    let problem: String = try row.decode("problem")
                    note("prompt \(prompt): \(problem)", in: &report)
                }
            }
        }
    }

    private func compareCounters(
        _ report: inout AuditReport, _ connection: PostgresConnection
    ) async throws {
        let rows = try await connection.query(
            AuditQueries.counters,
            [
                .int64(extent.promptSet), .int64(extent.sampling), .int64(extent.scoring),
                .int64(extent.run),
            ])
        for row in rows {
            let name: String = try row.decode("name")
            let (counted, found): (Int64, Int64) = (
                try row.decode("counted"), try row.decode("found")
            )
            if counted != found {
                note("\(name): the counter says \(counted), there are \(found)", in: &report)
            }
        }
        let sums = try await connection.query(AuditQueries.rewardSum, [.int64(extent.scoring)])
        for row in sums {
            let (counted, found): (String, String) = (
                try row.decode("counted"), try row.decode("found")
            )
            note(
                "rewards: what landed sums up to \(counted), what is there to \(found)",
                in: &report)
        }
    }

    private func note(_ problem: String, in report: inout AuditReport) {
        report.problemCount += 1
        if report.problems.count < listMax { report.problems.append(problem) }
    }
}

extension MissingItem {
    init(_ row: PostgresRow) throws {
        prompt = try row.decode("prompt_id")
        promptKey = try row.decode("prompt_key")
        kind = try row.decode("item_kind")
        index = try row.decode("item_index")
        hasText = try row.decode("has_text")
        if let stage = try row.decode("stage", as: String?.self) {
            let code: String = try row.decode("code")
            let message: String = try row.decode("message")
            reason = "\(stage) \(code): \(message)"
        }
    }
}

/// Whether a run is exactly what it should be.
package struct AuditReport: Hashable, Sendable {
    /// The run.
    package var run: String
    /// Prompts of the set.
    package var prompts = 0
    /// Draws asked for, for each prompt; of an adaptive run the most.
    package var draws = 0
    /// Draws asked for, of all prompts.
    package var targetDraws = 0
    /// Draws 0..<n of all prompts that have completion and reward.
    package var landed = 0
    /// Draws with a failure row in place of a reward.
    package var failed = 0
    /// Draws with neither: the run is not finished, or something was lost.
    package var pending = 0
    /// Draws without a completion, of a run that samples nothing: they are not its business.
    package var unsampled = 0
    /// Candidates to be scored; 0 when the run does not score them.
    package var candidates = 0
    /// Candidates with a reward.
    package var landedCandidates = 0
    /// Candidates with a failure row.
    package var failedCandidates = 0
    /// Candidates with neither.
    package var pendingCandidates = 0
    /// Candidates whose log-probability is asked for.
    package var logProbabilities = 0
    /// Candidates with a log-probability.
    package var landedLogProbabilities = 0
    /// Candidates with a failure in its place.
    package var failedLogProbabilities = 0
    /// Candidates with neither.
    package var pendingLogProbabilities = 0
    /// Whether the run stopped because its budget is spent: then draws may be pending.
    package var isOutOfBudget = false
    /// Whether a person ended the run before it was done: then draws may be pending, too.
    package var isCancelled = false
    /// Whether the run is open: then draws are pending, and a coordinator goes on with them.
    package var isOpen = false
    /// Whether it is of an adoption that broke off: then draws are pending, and the same file goes
    /// on with them.
    package var isPartlyAdopted = false
    /// The file that its completions were adopted from; `nil` when Ogive sampled them.
    package var origin: AdoptedOrigin?
    /// Prompts of which some draws are pending and others are not.
    package var partialPrompts = 0
    /// Missing items, in order of prompt: the first ones, up to the limit asked for. What is
    /// pending is none while the run is open, or when it was closed before it was done.
    package var missing: [MissingItem] = []
    /// How many missing items there are.
    package var missingCount = 0
    /// Contradictions between rows: the first ones, up to the limit asked for.
    package var problems: [String] = []
    /// How many contradictions there are.
    package var problemCount = 0

    /// Whether each draw 0..<n of each prompt, and each candidate, is there or has its reason, and
    /// nothing contradicts anything. A run that samples nothing owes the draws that are stored; of
    /// one that stopped at its budget or was cancelled, some may be pending.
    package var isSound: Bool { (mayLack || pendingItems == 0) && isConsistent }

    /// Draws, candidates and log-probabilities with neither a result nor a failure.
    package var pendingItems: Int { pending + pendingCandidates + pendingLogProbabilities }

    /// Whether nothing contradicts anything, whatever is pending.
    package var isConsistent: Bool {
        problemCount == 0
            && landed + failed + unsampled + pending == targetDraws
            && landedCandidates + failedCandidates + pendingCandidates == candidates
            && landedLogProbabilities + failedLogProbabilities + pendingLogProbabilities
                == logProbabilities
    }
}

extension AuditReport {
    /// Whether the run was closed before it was done, so that what is pending is not missing.
    package var mayLack: Bool { isOutOfBudget || isCancelled }
}

/// An item without a reward, or without a log-probability.
package struct MissingItem: Hashable, Sendable {
    /// The prompt's row.
    package var prompt: Int64
    /// The prompt's key.
    package var promptKey: String
    /// `draw`, `candidate` (its reward) or `candidate_logprob` (its log-probability).
    package var kind: String
    /// Index within its kind.
    package var index: Int32
    /// Why it is missing: stage, code and message of its failure; `nil` when nobody said.
    package var reason: String?
    /// Whether its completion is there.
    package var hasText: Bool
}
