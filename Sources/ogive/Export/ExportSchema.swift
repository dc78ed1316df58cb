internal import OgiveStore

/// What lies beside the rows for programs that read them: the columns and their types.
///
/// `features` are those of Hugging Face `datasets` (`Features.from_dict`): without them `datasets`
/// guesses types from the first megabytes, and stops at a value that came later.
struct ExportSchema {
    private let target: ExportTarget
    private let columns: [ExportColumn]

    /// The schema of an export.
    init(_ target: ExportTarget, _ columns: [ExportColumn]) {
        self.target = target
        self.columns = columns
    }

    /// As it is written.
    var json: ExactJSON {
        var features: JSONFields? = [:]
        for column in columns {
            guard let type = Self.feature(column.type) else {
                features = nil
                break
            }
            features?[column.name] = type
        }
        return .object([
            "for": .string(target.rawValue),
            "columns": .array(
                columns.map {
                    .object([
                        "name": .string($0.name), "type": .string("\($0.type)"),
                        "nullable": .bool($0.isOptional),
                    ])
                }),
            "features": features.map(ExactJSON.object) ?? .null,
        ])
    }

    /// A type of `datasets`; `nil` for JSON of no one shape, which no type of it holds.
    private static func feature(_ type: ExportType) -> ExactJSON? {
        switch type {
        case .text: value("string")
        case .float: value("float64")
        case .integer: value("int64")
        case .boolean: value("bool")
        case .list(let element): feature(element).map { .array([$0]) }
        case .object(let fields): object(fields)
        case .json: nil
        }
    }

    private static func object(_ fields: [ExportField]) -> ExactJSON? {
        var features: JSONFields = [:]
        for field in fields {
            guard let type = feature(field.type) else { return nil }
            features[field.name] = type
        }
        return .object(features)
    }

    private static func value(_ type: String) -> ExactJSON {
        .object(["dtype": .string(type), "_type": .string("Value")])
    }
}
