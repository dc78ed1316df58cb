/// Which trainer an export is for: it decides the rows and their columns.
///
/// Each target is one value in `ExportTarget+All.swift`, and its rows are one function of SQL. The
/// choices of `ogive export`, the queries, the schema file and the manifest follow from it.
package struct ExportTarget: Sendable {
    /// The name, as `--for` takes it.
    package let rawValue: String
    /// Where its rows come from.
    let rows: ExportRows
    /// The columns of reference log-probabilities, of targets that have them.
    var logProbabilities: LogProbabilityColumns?
    /// Prompts that its rows are without.
    var leavesOut: Set<ExportExclusion> = []
    /// Whether every row needs as many reference rewards.
    var isRectangular = false
    /// Whether chats and plain texts may be mixed.
    var takesAnyPrompt = false
    private let list: @Sendable (ExportSurvey) -> [ExportColumn]

    /// Names a target of some rows and says its columns, in their order.
    init(
        _ name: String, _ rows: ExportRows,
        columns: @escaping @Sendable (ExportSurvey) -> [ExportColumn]
    ) {
        rawValue = name
        self.rows = rows
        list = columns
    }

    /// The options that its rows depend on.
    package var options: [ExportOption] { rows.options }

    /// The columns, in their order.
    func columns(_ survey: ExportSurvey) -> [ExportColumn] { list(survey) }
}

/// Targets of one name are one target.
extension ExportTarget: Hashable {
    package static func == (left: ExportTarget, right: ExportTarget) -> Bool {
        left.rawValue == right.rawValue
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension ExportTarget: RawRepresentable {
    /// Finds a target by its name, or by a name that it had.
    package init?(rawValue: String) {
        let name = Self.formerNames[rawValue] ?? rawValue
        guard let target = Self.allCases.first(where: { $0.rawValue == name }) else { return nil }
        self = target
    }

    private static let formerNames = ["dpo": "trl-dpo", "trl-preference": "trl-dpo"]
}

/// How a target calls the reference log-probabilities of a pair.
struct LogProbabilityColumns: Sendable {
    let chosen: String
    let rejected: String
    /// Whether the trainer puts an end token behind answers of chats alone.
    var endsChatsAlone = false
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
    /// How many first draws count.
    case k
    /// How many pairs of a prompt.
    case pairs
    /// Decides the order of balanced pairs.
    case seed
    /// Least difference of the rewards of a pair.
    case minGap = "min_gap"
    /// Whether pairs of equal rewards or equal texts are left out.
    case dropEqual = "drop_equal"
    /// How many reference rewards a row has.
    case refRewards = "ref_rewards"
    /// From which reward on a completion is a good one.
    case threshold
    /// Of values and targets.
    case beta
    /// Of targets.
    case transform
    /// Of quantile rewards of single completions.
    case ties
    /// Of targets: which log Z.
    case partitionFunction = "partition_function"
}
