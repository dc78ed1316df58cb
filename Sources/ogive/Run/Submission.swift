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
                "run '\(spec.name)': \(outcome); \(receipt.prompts) prompts × "
                    + (spec.adaptive.map { "\($0.min) to " } ?? "") + "\(spec.draws) draws")
            if receipt.samplingIsNew {
                lines.append("a new sampling: all of its draws are to be sampled")
            } else if receipt.scoringIsNew {
                lines.append("a new scoring of stored draws: nothing is sampled twice")
            } else if !receipt.sharedWith.isEmpty {
                lines.append("shares its draws with \(receipt.sharedWith.joined(separator: ", "))")
            }
            if let former = receipt.formerDraws {
                lines.append(
                    "takes the first \(spec.draws) of up to \(former) draws a prompt that were "
                        + "asked for before; the others stay (`-o run.draws=\(former)` takes all)")
            }
            if !receipt.differences.isEmpty {
                lines.append("changed since the last submission (the former results are kept):")
                for difference in receipt.differences { lines.append("  \(difference)") }
            }
            if retried > 0 { lines.append("\(retried) failures will be tried again") }
            let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
            return lines.map(style.shown)
        }

        /// For a script.
        var json: JSONValue {
            .output([
                "run": .string(receipt.run.spec.name), "outcome": .string(outcome),
                "finished": .bool(receipt.isFinished), "prompts": .number("\(receipt.prompts)"),
                "draws": .number("\(receipt.run.spec.draws)"),
                "new_sampling": .bool(receipt.samplingIsNew),
                "new_scoring": .bool(receipt.scoringIsNew),
                "retried_failures": .number("\(retried)"),
                "import": imported?.json ?? .null,
            ])
        }

        private var outcome: String {
            switch receipt.outcome {
            case .created: "created"
            case .resumed where receipt.isOutOfBudget: "waits for a larger budget"
            case .resumed: receipt.isFinished ? "finished already" : "resumed"
            case .toppedUp(let from, let to): "topped up from \(from) to \(to) draws"
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
        var job = ImportJob(path: file, set: prompts.set)
        job.rules = ImportRules(prompts)
        job.skipBadRows = prompts.skipBadRows
        job.skipAdvice = "give `-o prompts.skip_bad_rows=true`"
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
