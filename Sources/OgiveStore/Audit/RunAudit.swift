internal import Postgres

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
        report.isCancelled = extent.state == "cancelled"
        report.isOpen = extent.state == "open"
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
                if !extent.samples, !item.hasText, item.reason == nil {
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
        let checks: [(String, [PostgresValue])] = [
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
