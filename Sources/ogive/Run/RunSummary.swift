internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// What a person wants to know at the end of a run.
struct RunSummary {
    /// How far the run is.
    var status: RunStatus
    /// Its tables.
    var tables: TableSummary
    /// Some tables to look at.
    var examples: [QuantileTable]
    /// Draws that landed during this command.
    var newDraws: Int
    /// Tokens sampled during this command.
    var newTokens: Int
    /// Time that the command took.
    var elapsed: Duration
    /// A run whose completions this one scored anew.
    var other: String?

    /// Reads it from the database; `before` is the status when the command began.
    static func read(
        _ name: String, _ store: PostgresStore, before: RunStatus, elapsed: Duration
    ) async throws -> RunSummary {
        let status = try await store.runStatus(name)
        return RunSummary(
            status: status, tables: try await store.summary(ofRun: name),
            examples: try await store.tables(ofRun: name, limit: 3),
            newDraws: status.landed - before.landed, newTokens: status.tokens - before.tokens,
            elapsed: elapsed)
    }

    /// Prints it; throws `.budget` when the run stopped at its budget, `.incomplete` when something
    /// of it has a failure.
    func show(place: String, file: ConfigurationFile, json: Bool) throws {
        let command =
            file.options.isEmpty
            ? "\(Executable.shown) psql" : "\(Executable.shown) psql \(file.options)"
        let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
        if json {
            Output.show(self.json.json)
        } else {
            let lines = lines(place: place, psql: command, style: style)
            Output.show(lines.map { style.shown($0) })
        }
        if status.isOutOfBudget {
            throw CommandError(
                .budget,
                NumberText.count(status.pending, "draw", "is", "are")
                    + " left; \(RunStatus.budgetAdvice)")
        }
        if status.isCancelled {
            throw CommandError(
                .incomplete,
                "run '\(status.run)' was cancelled: "
                    + NumberText.count(status.pending, "draw", "is", "are")
                    + " left; submit it again to go on")
        }
        let lacking = status.targetLogProbabilities > 0 ? status.logProbabilityFailures : 0
        if status.failures + status.candidateFailures + lacking > 0 {
            throw CommandError(
                .incomplete,
                NumberText.count(status.failures, "draw") + " and "
                    + NumberText.count(status.candidateFailures, "candidate", "has", "have")
                    + " a failure instead of a reward"
                    + (lacking > 0
                        ? ", \(NumberText.count(lacking, "candidate")) instead of a log-probability"
                        : "")
                    + ": see `ogive failures`, "
                    + "fix the cause, and run again with --retry-failures")
        }
    }

    /// For a person: figures, example tables, and where everything is.
    func lines(place: String, psql: String, style: TerminalStyle) -> [PaintedText] {
        var lines = [PaintedText("")]
        if status.isSynthetic {
            lines.append(
                style.paint("SYNTHETIC: rewards come from a declared distribution.", .yellow))
        }
        if status.isAdopted {
            lines.append(
                style.paint(
                    "ADOPTED: the completions came in a file; nothing proves who sampled them.",
                    .yellow))
        }
        var plain = figures
        for table in examples { plain += plot(table, style) }
        plain += [
            "", "database: \(Executable.relative(place))",
            "look at it with:", "  \(psql) -- -c \"\(query)\"", "  \(psql)",
        ]
        return lines + plain.map { PaintedText($0) }
    }

    /// For a script.
    var json: ExactJSON {
        ExactJSON.output([
            "run": .string(status.run), "state": .string(status.state),
            "prompts": .number("\(status.prompts)"), "draws": .number("\(status.landed)"),
            "target_draws": .number("\(status.targetDraws)"),
            "failures": .number("\(status.failures)"),
            "candidate_failures": .number("\(status.candidateFailures)"),
            "log_probability_failures": .number("\(status.logProbabilityFailures)"),
            "candidates": .number("\(status.landedCandidates)"),
            "log_probabilities": .number("\(status.landedLogProbabilities)"),
            "tokens": .number("\(status.tokens)"), "truncated": .number("\(status.truncated)"),
            "mean_reward": status.meanReward.map { .number("\($0)") } ?? .null,
            "tables": .number("\(tables.tables)"), "degenerate": .number("\(tables.degenerate)"),
            "new_draws": .number("\(newDraws)"),
            "elapsed_seconds": .number("\(elapsed / .seconds(1))"),
            "synthetic": .bool(status.isSynthetic), "adopted": .bool(status.isAdopted),
            "spending": status.spending.json, "slot_time": status.slotTime.json,
        ]).event("result")
    }

    private var figures: [String] {
        let seconds = max(elapsed / .seconds(1), 1e-9)
        let share = tables.tables == 0 ? 0 : Double(tables.degenerate) / Double(tables.tables)
        let mean = status.meanReward.map { NumberText.decimal($0, 3) } ?? "none"
        let cut = status.truncated == 0 ? "none" : NumberText.count(status.truncated)
        var lines = [
            "run '\(status.run)': \(status.state)",
            "  draws      \(NumberText.count(status.landed)) of "
                + "\(NumberText.count(status.targetDraws)) "
                + "\(status.samples ? "" : "stored ")(\(status.extentText)), "
                + "\(NumberText.count(newDraws)) of them new",
            "  elapsed    \(NumberText.time(elapsed))"
                + (newTokens > 0
                    ? ", \(NumberText.rate(Double(newTokens) / seconds)) tokens/s" : ""),
            "  rewards    mean \(mean); \(NumberText.decimal(share * 100, 1)) % of the tables are "
                + "degenerate (all rewards equal)",
            "  truncated  \(cut) (kept and flagged)",
        ]
        if status.targetCandidates > 0 {
            lines.append(
                "  candidates \(NumberText.count(status.landedCandidates)) of "
                    + "\(NumberText.count(status.targetCandidates)) scored"
                    + Self.failed(status.candidateFailures))
        }
        if status.targetLogProbabilities > 0 {
            lines.append(
                "  log-probs  \(NumberText.count(status.landedLogProbabilities)) of "
                    + NumberText.count(status.targetLogProbabilities, "candidate")
                    + Self.failed(status.logProbabilityFailures))
        }
        if status.spending.cost != nil || status.spending.hasBudget {
            lines.append("  spent      \(status.spending.text)")
        }
        for (place, line) in status.slotTime.busyLines.enumerated() {
            lines.append("  \(place == 0 ? "slots     " : "          ") \(line.stage) \(line.text)")
        }
        if status.failures > 0 { lines.append("  failures   \(NumberText.count(status.failures))") }
        return lines
    }

    private static func failed(_ count: Int) -> String {
        count > 0 ? ", \(NumberText.count(count)) failed" : ""
    }

    private func plot(_ table: QuantileTable, _ style: TerminalStyle) -> [String] {
        guard !table.rewards.isEmpty else { return [] }
        return [
            "",
            "prompt \(PromptText.short(table.promptKey)) (#\(table.prompt.rawValue)): "
                + NumberText.count(table.rewards.count, "reward"),
        ] + TextECDF(width: style.plotWidth).lines(table.rewards).map { "  " + $0 }
    }

    private var query: String {
        if let other {
            return "SELECT prompt_key, corr(rank, other_rank) FROM ogive.reward_pairs "
                + "WHERE run = '\(other)' AND other_run = '\(status.run)' "
                + "GROUP BY 1 ORDER BY 1 LIMIT 5"
        }
        return
            "SELECT prompt_key, draw_index, reward, quantile_reward FROM ogive.scored_completions "
            + "WHERE run = '\(status.run)' ORDER BY prompt_id, draw_index LIMIT 5"
    }
}

extension RunSpending {
    /// For a script.
    var json: ExactJSON {
        func number(_ value: (some CustomStringConvertible)?) -> ExactJSON {
            value.map { .number("\($0)") } ?? .null
        }
        return .object([
            "tokens": .number("\(tokens)"), "cost": number(cost),
            "estimated_tokens": number(estimatedTokens), "estimated_cost": number(estimatedCost),
            "budget_tokens": number(budgetTokens), "budget_cost": number(budgetCost),
        ])
    }

    /// What was spent, for a person: tokens and cost, of what they may be, and the whole.
    var text: String {
        var parts = [
            NumberText.count(tokens, "token")
                + (budgetTokens.map { " of \(NumberText.count($0))" } ?? "")
        ]
        if let cost {
            parts.append(
                "cost \(NumberText.cost(cost))"
                    + (budgetCost.map { " of \(NumberText.cost($0))" } ?? ""))
        }
        if let estimatedTokens, estimatedTokens != tokens {
            let cost = estimatedCost.map { ", cost \(NumberText.cost($0))" } ?? ""
            parts.append("the whole run about \(NumberText.count(estimatedTokens))\(cost)")
        }
        return parts.joined(separator: "; ")
    }
}

extension RunStatus {
    /// What a run with prices or a budget has spent; `nil` for another.
    var spendingLine: String? {
        guard spending.cost != nil || spending.hasBudget else { return nil }
        return "\(run): \(spending.text)" + (isOutOfBudget ? "; \(Self.budgetAdvice)" : "")
    }

    /// What to do about a spent budget.
    static let budgetAdvice = "the budget is spent: raise `run.budget` and run again to go on"
}
