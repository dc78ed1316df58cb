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

/// The type of a column, as the database declares it. The raw value is its name in the schema that
/// the Python package writes a Parquet file by.
package enum ExportColumnType: String, Sendable {
    case text
    case int64
    case float64
    case bool
    case json
    case timestamp
    case texts = "text[]"
    case floats = "float64[]"
    case integers = "int64[]"

    /// The type with this number in `pg_type`; `nil` for one that no export has.
    init?(typeNumber: UInt32) {
        switch typeNumber {
        case 25, 1043: self = .text
        case 20, 21, 23: self = .int64
        case 700, 701: self = .float64
        case 16: self = .bool
        case 114, 3802: self = .json
        case 1114, 1184: self = .timestamp
        case 1009, 1015: self = .texts
        case 1021, 1022: self = .floats
        case 1005, 1007, 1016: self = .integers
        default: return nil
        }
    }
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
        guard target.rows.isOfPairs else { return "\(place) has no rows for \(target.rawValue)" }
        if outline.leftOut == outline.tables {
            return "every prompt of \(place) has fewer than \(refRewards ?? 0) rewards; give a "
                + "smaller --ref-rewards"
        }
        return switch strategy {
        case "labels":
            "no prompt of \(place) has candidates labelled chosen and rejected that have rewards; "
                + "try --strategy best-worst, which makes pairs of draws"
        case "best-worst":
            "no prompt of \(place) has among its first \(k) draws two with different rewards"
        case "balanced":
            "no prompt of \(place) has two draws and \(2 * pairs) completions with rewards"
        default: "no prompt of \(place) has two draws with rewards"
        }
    }
}

/// What an export will be.
package struct ExportOutline: Sendable {
    /// Names of the columns.
    package let columns: [String]
    /// Their types, where the form needs them; else none.
    package let columnTypes: [ExportColumnType]
    /// Prompts with a table.
    package let tables: Int
    /// Prompts that are left out because they have fewer rewards than asked for.
    package let leftOut: Int
    /// Whether reference log-probabilities are among the columns, of targets that have them.
    package let hasLogProbabilities: Bool
    /// Columns of the target that are left out, because some log-probabilities are not there.
    package let columnsLacking: [String]
    /// What to do about them.
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
    /// Whether it lacks a reference log-probability that it should have: that of a text which lost
    /// bytes.
    package let lacksLogProbability: Bool
    /// The line, with its end.
    package let line: [UInt8]
}
