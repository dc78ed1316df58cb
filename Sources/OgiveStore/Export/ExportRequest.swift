internal import OgiveCore

/// How rows are written.
package enum ExportFormat: String, CaseIterable, Sendable {
    /// A JSON object a line.
    case jsonl
    /// Comma-separated values with a header (RFC 4180, lines end with LF); lists and chats are
    /// JSON.
    case csv
    /// A Parquet file: rows as of `jsonl`, which the Python package writes by the columns' types.
    case parquet
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
    /// Of pairs and of the best draw: how many first draws count; `nil` for all, of the best draw.
    package var k: Int? = 6
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
    /// Of targets: which log Z.
    package var partitionFunction = "exact"
    /// How many reference rewards a row has; `nil` for all.
    package var refRewards: Int?
    /// Of pairs: the least difference of their rewards.
    package var minGap: Double?
    /// Of pairs: whether those of equal rewards or equal texts are left out.
    package var dropEqual = false
    /// Of single completions: from which reward on they are good ones.
    package var threshold: Double?
    /// Which prompts, by their pass rates; `nil` for all.
    package var band: PassRateBand?

    /// Names what is exported.
    package init(run: String, target: ExportTarget, format: ExportFormat) {
        self.run = run
        self.target = target
        self.format = format
    }
}

extension ExportRequest {
    /// What an export without rows ends with.
    func nothing(_ outline: ExportOutline) -> StoreError {
        StoreError(.conflict, "There is nothing to export: \(reason(outline)).")
    }

    private func reason(_ outline: ExportOutline) -> String {
        let place = snapshot.map { "snapshot \"\($0)\" of run \"\(run)\"" } ?? "run \"\(run)\""
        if outline.tables == 0 {
            return "\(place) has no rewards yet; `ogive status \(run)` says how far it is"
        }
        if let band, outline.outside == outline.tables {
            return "no prompt of \(place) has a pass rate in \(band.minRate)…\(band.maxRate); "
                + "`ogive pass-rates \(run)` shows the rates"
        }
        let chosen = outline.tables - outline.outside
        if let worst = outline.leftOut.first(where: { $0.prompts == chosen }) {
            return worst.reason == ExportSurvey.fewRewards
                ? "every prompt of \(place) has fewer than \(refRewards ?? 0) rewards; give a "
                    + "smaller --ref-rewards"
                : "every prompt of \(place) \(worst.reason), which \(target.rawValue) cannot have"
        }
        if target == .trlSFT {
            return "no prompt of \(place) has a draw"
                + (k.map { " among its first \($0)" } ?? "")
                + (threshold.map { " with a reward of \($0) or more" } ?? "")
                + " that ended by itself: truncated ones would teach to stop in the middle; "
                + "sample with a larger `policy.sampling.max_tokens`"
        }
        guard target.rows.isOfPairs else { return "\(place) has no rows for \(target.rawValue)" }
        let filter =
            minGap != nil || dropEqual ? " that --min-gap and --drop-equal leave over" : ""
        return switch strategy {
        case "labels":
            "no prompt of \(place) has candidates labelled chosen and rejected that have "
                + "rewards\(filter); try --strategy best-worst, which makes pairs of draws"
        case "best-worst":
            "no prompt of \(place) has among its first \(k ?? 6) draws two with different rewards"
                + filter
        case "balanced":
            "no prompt of \(place) has two draws and \(2 * pairs) completions with rewards"
                + filter
        default: "no prompt of \(place) has two draws with rewards\(filter)"
        }
    }
}

/// What an export will be.
package struct ExportOutline: Sendable {
    /// The columns, in their order: what readers of the lines and writers of other forms need.
    package let columns: [ExportColumn]
    /// Prompts with a table.
    package let tables: Int
    /// Those among them whose pass rate is not in the band of the request.
    package let outside: Int
    /// Prompts that the rows are without, by reason; one may count for several.
    package let leftOut: [(reason: String, prompts: Int)]
    /// Whether reference log-probabilities are among the columns, of targets that have them.
    package let hasLogProbabilities: Bool
    /// Columns of the target that are left out, because some log-probabilities are not there.
    package let columnsLacking: [String]
    /// Why, and what to do about them.
    package let lackingAdvice: String?
    /// What the rows are of, as a JSON object: the manifest of the snapshot, or of the run.
    package let source: String
    /// The first line, when the form has one.
    package let header: [UInt8]
}

/// A row of an export.
package struct ExportRow: Sendable {
    /// Its prompt; rows come in ascending order of it.
    package let prompt: Int64
    /// Why it lacks a reference log-probability that it should have; `nil` when it lacks none.
    package let missing: String?
    /// The line, with its end.
    package let line: [UInt8]
}
