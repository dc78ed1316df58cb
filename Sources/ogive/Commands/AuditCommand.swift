internal import ArgumentParser
internal import OgiveStore

/// `ogive audit [RUN]`: proves that a run holds exactly what it should.
struct AuditCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Prove that each draw of a run is there exactly once, or has its reason.",
        discussion: """
            Looks at the rows themselves, not at counters. Exit code 1 when anything is
            missing without a reason, or contradicts anything, and while the run is not
            finished. Of a cancelled run, or of one whose budget is spent, draws may be
            pending.

            Example: ogive audit quickstart --config config/quickstart.yaml
            """)

    @Argument(help: "The run (default: the configuration's).")
    var name: String?

    @Option(help: "How many missing draws are listed.")
    var list = 20

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    var givenRun: String? { name }

    func validate() throws {
        if !(0...1_000_000).contains(list) {
            throw ValidationError("--list must be in 0…1000000, not \(list)")
        }
    }

    func run() async throws {
        let configuration = try file.load()
        let report = try await DatabaseSession.withStore(configuration) { store, _ in
            try await store.audit(
                run: try await configuration.runName(name, in: store), listMax: list)
        }
        Output.show(json ? [report.json.json] : report.lines)
        guard report.isSound else { throw ExitCode.failure }
    }
}

extension AuditReport {
    /// For a person.
    var lines: [String] {
        var lines = [
            "run '\(run)': "
                + (targetDraws == prompts * draws
                    ? NumberText.count(prompts, "prompt") + " × " + NumberText.count(draws, "draw")
                    : NumberText.count(targetDraws, "draw") + " of "
                        + NumberText.count(prompts, "prompt")
                        + ", \(NumberText.count(draws)) each at most"),
            "  landed \(landed), with a failure \(failed), pending \(pending)",
        ]
        if unsampled > 0 {
            lines.append("  without a completion \(unsampled): this run samples nothing")
        }
        if candidates > 0 {
            lines.append(
                "  candidates: landed \(landedCandidates), with a failure \(failedCandidates), "
                    + "pending \(pendingCandidates)")
        }
        if logProbabilities > 0 {
            lines.append(
                "  log-probabilities of candidates: landed \(landedLogProbabilities), with a "
                    + "failure \(failedLogProbabilities), pending \(pendingLogProbabilities)")
        }
        if let origin {
            lines.append(
                "  adopted: the completions came in a file (SHA-256 \(origin.sha256), model "
                    + "'\(origin.model)' as declared); there are no seeds and no fingerprint, and "
                    + "nothing here proves who sampled them")
        }
        for item in missing {
            lines.append(
                "  \(item.reason == nil ? "missing" : "failed"): prompt "
                    + "\(PromptText.short(item.promptKey)) \(item.kind) \(item.index)"
                    + (item.reason.map { ": \($0)" } ?? ": neither a result nor a failure"))
        }
        if missingCount > missing.count {
            lines.append("  and \(NumberText.count(missingCount - missing.count)) more")
        }
        for problem in problems { lines.append("  contradiction: \(problem)") }
        if problemCount > problems.count {
            let more = NumberText.count(problemCount - problems.count, "more contradiction")
            lines.append("  and \(more)")
        }
        lines.append(isSound ? soundness : isOpen && isConsistent ? unfinished : "NOT sound")
        return lines
    }

    private var unfinished: String {
        if isPartlyAdopted {
            return "not finished: \(NumberText.count(pendingItems, "draw")) of the adopted file "
                + (pendingItems == 1 ? "is" : "are")
                + " not there yet; the same `ogive adopt` goes on with them"
        }
        return
            "not finished: \(NumberText.count(pendingItems, "item", "is", "are")) pending, and "
            + "nothing is wrong so far; `ogive run` or `ogive coordinator` goes on with them"
    }

    private var soundness: String {
        let failures = failed + failedCandidates + failedLogProbabilities
        if isCancelled {
            return "sound, and cancelled: \(NumberText.count(pendingItems, "item", "is", "are")) "
                + "pending and not missing; `ogive submit` goes on with them"
        }
        guard isOutOfBudget else {
            return failures == 0
                ? "sound: each draw is there exactly once"
                : "sound: each draw is there exactly once, or its failure says why not "
                    + "(\(NumberText.count(failures, "failure")))"
        }
        return "sound, and the budget is spent: "
            + (partialPrompts == 0
                ? "each prompt has all of its draws or none"
                : "each prompt has all of its draws or none but \(partialPrompts), begun when a "
                    + "coordinator was lost: "
                    + (partialPrompts == 1
                        ? "its table is not complete" : "their tables are not complete"))
    }

    /// For a script.
    var json: ExactJSON {
        .output([
            "run": .string(run), "sound": .bool(isSound), "prompts": .number("\(prompts)"),
            "draws": .number("\(draws)"), "target_draws": .number("\(targetDraws)"),
            "landed": .number("\(landed)"),
            "failed": .number("\(failed)"), "pending": .number("\(pending)"),
            "unsampled": .number("\(unsampled)"),
            "candidates": .number("\(candidates)"),
            "landed_candidates": .number("\(landedCandidates)"),
            "failed_candidates": .number("\(failedCandidates)"),
            "pending_candidates": .number("\(pendingCandidates)"),
            "log_probabilities": .number("\(logProbabilities)"),
            "landed_log_probabilities": .number("\(landedLogProbabilities)"),
            "failed_log_probabilities": .number("\(failedLogProbabilities)"),
            "pending_log_probabilities": .number("\(pendingLogProbabilities)"),
            "out_of_budget": .bool(isOutOfBudget), "cancelled": .bool(isCancelled),
            "open": .bool(isOpen), "adopted": .bool(origin != nil),
            "adopted_sha256": origin.map { .string($0.sha256) } ?? .null,
            "adopted_model": origin.map { .string($0.model) } ?? .null,
            "partial_prompts": .number("\(partialPrompts)"),
            "contradictions": .number("\(problemCount)"),
            "problems": .array(problems.map(ExactJSON.string)),
            "missing": .array(
                missing.map { item in
                    .object([
                        "prompt": .string(item.promptKey), "index": .number("\(item.index)"),
                        "kind": .string(item.kind),
                        "reason": item.reason.map(ExactJSON.string) ?? .null,
                    ])
                }),
        ])
    }
}
