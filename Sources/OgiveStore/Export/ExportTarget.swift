/// Which trainer an export is for: it decides the rows and their columns.
///
/// Each target is one value in `ExportTarget+All.swift`. The choices of `ogive export`, the queries
/// and the manifest follow from it.
package struct ExportTarget: Sendable {
    /// The name, as `--for` takes it.
    package let rawValue: String
    /// Where its rows come from.
    let rows: ExportRows
    /// The columns of reference log-probabilities, of targets that have them.
    let logProbabilities: LogProbabilityColumns?
    private let others: @Sendable (ExportRequest) -> [ExportColumn]

    /// Names a target of some rows and says its columns, in their order. Those of
    /// log-probabilities come after them.
    init(
        _ name: String, _ rows: ExportRows, logProbabilities: LogProbabilityColumns? = nil,
        columns: @escaping @Sendable (ExportRequest) -> [ExportColumn]
    ) {
        rawValue = name
        self.rows = rows
        self.logProbabilities = logProbabilities
        others = columns
    }

    /// The options that its rows depend on.
    package var options: [ExportOption] { rows.options }

    /// The columns, in their order.
    func columns(_ request: ExportRequest, hasLogProbabilities: Bool) -> [ExportColumn] {
        guard hasLogProbabilities, let names = logProbabilities else { return others(request) }
        return others(request) + [
            ExportColumn(names.chosen, "x.ref_chosen_log_probability"),
            ExportColumn(names.rejected, "x.ref_rejected_log_probability"),
        ]
    }
}

/// Targets of one name are one target.
extension ExportTarget: Hashable {
    package static func == (left: ExportTarget, right: ExportTarget) -> Bool {
        left.rawValue == right.rawValue
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension ExportTarget: RawRepresentable {
    /// Finds a target by its name.
    package init?(rawValue: String) {
        guard let target = Self.allCases.first(where: { $0.rawValue == rawValue }) else {
            return nil
        }
        self = target
    }
}

/// How a target calls the reference log-probabilities of a pair.
struct LogProbabilityColumns: Sendable {
    let chosen: String
    let rejected: String
    /// Whether the target cannot do without them.
    var isRequired = false
}

/// Rows of which exports are made.
struct ExportRows: Sendable {
    /// What follows FROM, with a column `prompt_id`. $1 run, $2 snapshot or NULL, $3 the prompts
    /// of the page, from $4 on the options.
    let source: String
    /// What orders the rows of one prompt; empty where each prompt has one.
    let order: [String]
    /// The options that they depend on.
    let options: [ExportOption]
    /// Whether the parameter after the options is the mean spread of the rewards of all prompts,
    /// for the transform that needs it.
    var takesMeanSpread = false
    /// Whether a row is a pair.
    var isOfPairs = false

    /// Joins the parts.
    init(_ source: String, order: [String] = [], options: [ExportOption]) {
        self.source = source
        self.order = order
        self.options = options
    }
}

/// An option on which rows depend. The raw value is its name in a manifest.
package enum ExportOption: String, Sendable {
    /// How pairs are chosen.
    case strategy
    /// How many first draws count for pairs.
    case k
    /// How many pairs of a prompt.
    case pairs
    /// Decides the order of balanced pairs.
    case seed
    /// Of values and targets.
    case beta
    /// Of targets.
    case transform
    /// Of quantile rewards of single completions.
    case ties
}
