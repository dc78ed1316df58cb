internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgiveStore

/// Imports the prompts of a configuration and submits its run.
struct Submission {
    /// The configuration.
    var configuration: Configuration
    /// Whether failures are forgotten, so that their draws are tried again.
    var retriesFailures = false

    /// What came of it.
    struct Result: Sendable {
        /// The import, when the configuration names a file.
        var imported: ImportJob.Outcome?
        /// The submission.
        var receipt: SubmitReceipt
        /// Failures that were forgotten.
        var retried: Int

        /// For a person.
        var lines: [String] {
            let spec = receipt.run.spec
            var lines: [String] = []
            if let imported {
                lines.append(imported.text(set: spec.scoring.sampling.promptSet))
            }
            lines.append(
                "run '\(spec.name)': \(outcome); \(NumberText.count(receipt.prompts, "prompt")) × "
                    + (spec.adaptive.map { "\($0.min) to " } ?? "")
                    + NumberText.count(spec.draws, "draw"))
            if receipt.samplingIsNew {
                lines.append("a new sampling: all of its draws are to be sampled")
            } else if receipt.scoringIsNew {
                lines.append("a new scoring of stored draws: nothing is sampled twice")
            } else if !receipt.sharedWith.isEmpty {
                lines.append("shares its draws with \(receipt.sharedWith.joined(separator: ", "))")
            }
            if let former = receipt.formerDraws {
                lines.append(
                    "takes the first \(spec.draws) of up to "
                        + "\(NumberText.count(former, "draw")) a prompt that were "
                        + "asked for before; the others stay (`-o run.draws=\(former)` takes all)")
            }
            if !receipt.differences.isEmpty {
                lines.append("warning: '\(spec.name)' was submitted with other settings before:")
                lines += receipt.changes.map { "  \($0)" }
                lines.append(
                    "  the name stands for the new settings from now on. What was made with the "
                        + "former ones is kept: submit those again to go on with it, or give the "
                        + "new ones another `run.name` to have both")
            }
            if retried > 0 {
                lines.append(NumberText.count(retried, "failure") + " will be tried again")
            }
            let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
            return lines.map(style.shown)
        }

        /// For a script.
        var json: ExactJSON {
            .output([
                "run": .string(receipt.run.spec.name), "outcome": .string(outcome),
                "finished": .bool(receipt.isFinished), "prompts": .number("\(receipt.prompts)"),
                "draws": .number("\(receipt.run.spec.draws)"),
                "new_sampling": .bool(receipt.samplingIsNew),
                "new_scoring": .bool(receipt.scoringIsNew),
                "retried_failures": .number("\(retried)"),
                "changes": .array(receipt.changes.map(ExactJSON.string)),
                "import": imported?.json ?? .null,
            ])
        }

        private var outcome: String {
            switch receipt.outcome {
            case .created: "created"
            case .resumed where receipt.isOutOfBudget: "waits for a larger budget"
            case .resumed: receipt.isFinished ? "finished already" : "resumed"
            case .toppedUp(let from, let to):
                "topped up from \(from) to \(NumberText.count(to, "draw"))"
            case .reopened: "reopened"
            case .repointed: "stands for another specification now"
            }
        }
    }

    /// Does both.
    func run(_ store: PostgresStore) async throws -> Result {
        try await submit(importing: try await importPrompts(store), store)
    }

    /// Imports the prompts, where the configuration names a file.
    func importPrompts(_ store: PostgresStore) async throws -> ImportJob.Outcome? {
        guard let prompts = configuration.prompts, let file = prompts.file else { return nil }
        var job = ImportJob(path: file, set: try prompts.requiredSet(configuration.source))
        job.rules = ImportRules(prompts)
        job.skipBadRows = prompts.skipBadRows
        job.metadataUse = try configuration.scorer?.spec.metadataUse() ?? .none
        return try await job.run(store)
    }

    /// Submits the run.
    func submit(
        importing imported: ImportJob.Outcome?, _ store: PostgresStore
    ) async throws -> Result {
        let spec = try configuration.runSpec()
        var receipt = try await store.submit(spec)
        var retried = 0
        if retriesFailures {
            retried = try await store.retryFailures(ofRun: spec.name)
            if retried > 0 {
                receipt.isFinished = false
                receipt.isOutOfBudget = false
            }
        }
        return Result(imported: imported, receipt: receipt, retried: retried)
    }
}

extension SubmitReceipt {
    /// In what the run's name stands for other settings than before, by the configuration's keys:
    /// `policy.sampling.seed: 0 → 7`.
    var changes: [String] {
        differences.map { difference in
            for (part, section) in Self.sections where difference.hasPrefix(part) {
                return section + difference.dropFirst(part.count)
            }
            return difference
        }
    }

    /// Where the parts of a specification stand in a configuration.
    private static let sections = [
        ("sampling.parameters.", "policy.sampling."), ("sampling.policy.", "policy."),
        ("sampling.prompt_set:", "prompts.set:"),
    ]
}

/// What a submission would do, for `ogive submit --dry-run`.
struct SubmissionPlan {
    /// What it would say.
    var outcome: Submission.Result
    /// How far the run would be.
    var status: RunStatus

    /// Rewards and log-probabilities of candidates that would be missing.
    private var pendingCandidates: Int {
        max(0, status.targetCandidates - status.landedCandidates - status.candidateFailures)
            + max(
                0,
                status.targetLogProbabilities - status.landedLogProbabilities
                    - status.logProbabilityFailures)
    }

    /// For a person.
    var lines: [String] {
        var lines = ["dry run: nothing is stored"] + outcome.lines
        lines.append(
            "to do: \(NumberText.count(status.pending)) of "
                + "\(NumberText.count(status.targetDraws, "draw")) (\(status.extentText))"
                + (pendingCandidates > 0
                    ? ", \(NumberText.count(pendingCandidates)) of candidates" : ""))
        if let tokens = status.spending.estimatedTokens {
            let more = NumberText.count(max(0, tokens - status.spending.tokens), "token")
            var line = "at the mean of what has landed: about \(more) more"
            if let cost = status.spending.estimatedCost, let spent = status.spending.cost {
                line += ", cost \(NumberText.cost(max(0, cost - spent)))"
            }
            lines.append(line)
        } else {
            lines.append("nothing has landed that shows the tokens: `ogive doctor` measures them")
        }
        return lines
    }

    /// For a script.
    var json: ExactJSON {
        var fields = outcome.json.fields ?? [:]
        fields["pending_draws"] = .number("\(status.pending)")
        fields["target_draws"] = .number("\(status.targetDraws)")
        fields["pending_candidates"] = .number("\(pendingCandidates)")
        fields["spending"] = status.spending.json
        return .object(fields)
    }
}

/// Submits another scoring of what a run's sampling has stored.
struct Rescoring {
    /// The run whose completions are scored.
    let source: String
    /// The name of the new run; `nil` makes one of the run's and the model's.
    let name: String?
    /// Which scorer is meant.
    let scorer: ScorerSpec
    /// Whether candidates are scored; `nil` does as the source.
    let candidates: Bool?
    /// Whether failures are forgotten, so that their items are tried again.
    let retriesFailures: Bool

    /// Takes the scorer of a configuration. Throws `.configuration` when there is none.
    init(
        source: String, name: String?, configuration: Configuration, candidates: Bool?,
        retriesFailures: Bool
    ) throws(CommandError) {
        guard let scorer = configuration.scorer else {
            throw CommandError(
                .configuration, "\(configuration.source) lacks `scorer`: who is to score?")
        }
        self.source = source
        self.name = name
        self.scorer = scorer.spec
        self.candidates = candidates
        self.retriesFailures = retriesFailures
    }

    /// The run whose completions are scored. Throws `.incomplete` when there is no such run.
    func scored(_ store: PostgresStore) async throws -> RunDescription {
        let names = try await store.status().map(\.run)
        guard names.contains(source) else { throw Self.unknown(source, among: names) }
        let scored = try await store.run(named: source)
        guard scored.spec.scoring.scorer != scorer else {
            throw CommandError(
                .configuration,
                "run '\(source)' is scored by this scorer already; when it is another one by the "
                    + "same name, say so by `scorer.revision`")
        }
        return scored
    }

    /// Submits it.
    func submit(_ spec: RunSpec, _ store: PostgresStore) async throws -> Submission.Result {
        var receipt = try await store.submit(spec)
        var retried = 0
        if retriesFailures {
            retried = try await store.retryFailures(ofRun: spec.name)
            if retried > 0 { receipt.isFinished = false }
        }
        return Submission.Result(imported: nil, receipt: receipt, retried: retried)
    }

    /// The source's sampling with another scorer, sampling nothing and so costing nothing.
    func spec(of source: RunSpec) -> RunSpec {
        var spec = RunSpec(
            name: name ?? "\(source.name)-\(shortModel)",
            scoring: ScoringSpec(sampling: source.scoring.sampling, scorer: scorer),
            draws: source.draws)
        spec.weight = source.weight
        // Log-probabilities are the policy's: another scorer does not change them.
        spec.candidates = candidates ?? source.scoresCandidates ? [.score] : []
        spec.samples = false
        return spec
    }

    /// The model's name without the folders or the owner in front of it.
    private var shortModel: String {
        scorer.model.split(separator: "/").last.map(String.init) ?? scorer.model
    }

    static func unknown(_ name: String, among names: [String]) -> CommandError {
        let nearest = NearestName.find(name, among: names).map { "Did you mean '\($0)'?" }
        let list = names.suffix(10).map { "'\($0)'" }.joined(separator: ", ")
        let known = names.isEmpty ? "There are no runs yet." : "There are \(list)."
        return CommandError(.incomplete, "there is no run '\(name)'. \(nearest ?? known)")
    }
}
