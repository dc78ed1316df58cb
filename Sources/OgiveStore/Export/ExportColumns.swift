internal import Postgres

/// A column of an export.
package struct ExportColumn: Hashable, Sendable {
    /// Its name in files.
    package let name: String
    /// What its values are.
    package let type: ExportType
    /// Whether a value may be missing.
    package let isOptional: Bool
    /// SQL of its value in terms of a row `x`.
    let value: String
    /// Whether that is of type `jsonb`, also where the values are texts.
    let isJSON: Bool
    /// SQL of its value in terms of a prompt `p` (`ogive.prompts`) and its policy `v`
    /// (`ogive.run_policies`), where all rows of a prompt have the same: it is made and sent once.
    var ofPrompt: String?

    init(
        _ name: String, _ type: ExportType, _ value: String, isOptional: Bool = false,
        isJSON: Bool = false
    ) {
        self.name = name
        self.type = type
        self.value = value
        self.isOptional = isOptional
        self.isJSON = isJSON
    }

    /// A column that has the name of its value.
    init(_ name: String, _ type: ExportType, isOptional: Bool = false, isJSON: Bool = false) {
        self.init(name, type, "x.\(name)", isOptional: isOptional, isJSON: isJSON)
    }

    /// A column whose value all rows of a prompt have.
    func shared(_ ofPrompt: String) -> ExportColumn {
        var column = self
        column.ofPrompt = ofPrompt
        return column
    }

    /// SQL of its value as JSON.
    var json: String {
        switch type {
        case .float, .list(.float): "ogive.float_json(\(value))"
        case .text, .integer, .boolean, .list, .object, .json: value
        }
    }

    /// SQL of its value in a column of its own, and how `field` is written as JSON.
    var field: (sql: String, form: PostgresJSONForm) { field(of: value) }

    /// The same of a value that all rows of a prompt have.
    var sharedField: String? { ofPrompt.map { field(of: $0).sql } }

    private func field(of value: String) -> (sql: String, form: PostgresJSONForm) {
        switch type {
        case .text where !isJSON: (value, .text)
        case .integer: (value, .asIs)
        case .boolean: (value, .boolean)
        case .float: ("(\(value))::float8", .float)
        case .list(.float): ("(ogive.float_json(\(value)))::text", .asIs)
        case .text, .list, .object, .json: ("(to_json(\(value)))::text", .asIs)
        }
    }

    /// SQL of its value as a cell of CSV: a text as it is, anything else as JSON.
    var cell: String {
        switch type {
        case .text: isJSON ? "(\(value) #>> '{}')" : value
        case .float, .integer, .boolean, .list, .object, .json: "(to_json(\(json)))::text"
        }
    }
}

/// Columns that several targets have.
extension ExportColumn {
    /// The name of the prompt.
    static let key = ExportColumn("prompt_key", .text)

    /// Texts of a target that are chats when the prompts were sampled as such.
    static func talks(_ names: [String], _ survey: ExportSurvey) -> [ExportColumn] {
        names.map { ExportColumn($0, survey.talk, isJSON: true) }
    }

    /// The tools of a prompt as a JSON list in a text, where prompts have some.
    static func tools(_ survey: ExportSurvey) -> [ExportColumn] {
        survey.tools > 0 ? [ExportColumn("tools", .text, isOptional: true)] : []
    }

    /// Reference log-probabilities of a pair, where they are there.
    static func logProbabilities(
        _ names: LogProbabilityColumns, _ survey: ExportSurvey
    ) -> [ExportColumn] {
        guard survey.hasLogProbabilities else { return [] }
        return [names.chosen, names.rejected].map { ExportColumn($0, .float, isOptional: true) }
    }

    /// What verl and programs made from it read of a prompt.
    static func verl(_ survey: ExportSurvey) -> [ExportColumn] {
        [
            ExportColumn("data_source", .text), ExportColumn("prompt", survey.talk, isJSON: true),
            ExportColumn("ability", .text),
            ExportColumn(
                "reward_model",
                .object([ExportField("style", .text), ExportField("ground_truth", .text)])),
            ExportColumn(
                "extra_info",
                .object([ExportField("index", .integer), ExportField("prompt_key", .text)])),
        ]
    }
}
