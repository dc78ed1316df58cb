/// Which trainer an export is for: it decides the columns.
package enum ExportTarget: String, CaseIterable, Sendable {
    /// The trainer of arXiv 2507.08068 (CLAIRE-Labo/quantile-reward-policy-optimization).
    case qrpoClaire = "qrpo-claire"
    /// The trainer of swiss-ai/posttraining.
    case qrpoSwiss = "qrpo-swiss"
    /// TRL's preference format.
    case trlPreference = "trl-preference"
    /// The same with the reference log-probabilities that TRL's DPOTrainer need not compute then.
    case dpo
    /// Pairs with reward gaps and reference log-probabilities (arXiv 2404.16767).
    case rebel
    /// Soft values of prompts (arXiv 2505.20686).
    case astarPO = "astar-po"
    /// Values of prompts or prefixes.
    case value
    /// Every draw and candidate with a reward.
    case raw

    /// Whether a row is a pair.
    package var isOfPairs: Bool {
        switch self {
        case .qrpoClaire, .qrpoSwiss, .trlPreference, .dpo, .rebel: true
        case .astarPO, .value, .raw: false
        }
    }
}

/// How rows are written.
package enum ExportFormat: String, CaseIterable, Sendable {
    /// A JSON object a line.
    case jsonl
    /// Comma-separated values with a header (RFC 4180, lines end with LF); lists and chats are
    /// JSON.
    case csv
}

/// What is exported.
package struct ExportRequest: Hashable, Sendable {
    /// The run.
    package var run: String
    /// The snapshot of it; `nil` for what is there now.
    package var snapshot: String?
    /// For which trainer.
    package var target: ExportTarget
    /// In which form.
    package var format: ExportFormat
    /// Of pairs: how they are chosen (ogive.choose_pairs).
    package var strategy = "labels"
    /// Of pairs: how many first draws count.
    package var k = 6
    /// Of pairs: how many of a prompt.
    package var pairs = 1
    /// Of pairs: decides the order of the balanced ones.
    package var seed: Int64 = 0
    /// Of values and targets.
    package var beta = 0.1
    /// Of targets.
    package var transform = "identity"
    /// Of quantile rewards of single completions.
    package var ties = "right"
    /// Of `qrpo-claire`: how many reference rewards a row has; `nil` for all.
    package var refRewards: Int?

    /// Names what is exported.
    package init(run: String, target: ExportTarget, format: ExportFormat) {
        self.run = run
        self.target = target
        self.format = format
    }
}

/// What an export will be.
package struct ExportOutline: Sendable {
    /// Names of the columns.
    package let columns: [String]
    /// Prompts with a table.
    package let tables: Int
    /// Prompts that are left out because they have fewer rewards than asked for.
    package let leftOut: Int
    /// Whether reference log-probabilities are among the columns, of targets that have them.
    package let hasLogProbabilities: Bool
    /// What the rows are of, as a JSON object: the manifest of the snapshot, or of the run.
    package let source: String
    /// The first line, when the form has one.
    package let header: [UInt8]
}

/// A row of an export.
package struct ExportRow: Sendable {
    /// Its prompt; rows come in ascending order of it.
    package let prompt: Int64
    /// The line, with its end.
    package let line: [UInt8]
}
