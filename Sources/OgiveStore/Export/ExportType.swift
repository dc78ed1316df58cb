/// What the values of a column are. JSON Lines and CSV are written by it, and readers make Parquet
/// and Arrow of it.
package indirect enum ExportType: Hashable, Sendable {
    /// A text.
    case text
    /// A float of 64 bits, which JSON shows with a point or an exponent, never as a whole number.
    case float
    /// An integer of 64 bits.
    case integer
    /// True or false.
    case boolean
    /// A list of any length.
    case list(ExportType)
    /// Fields by name.
    case object([ExportField])
    /// JSON that differs in shape from row to row, so that no type of a table holds it.
    case json

    /// Messages of role and content.
    package static let chat = ExportType.list(
        .object([ExportField("role", .text), ExportField("content", .text)]))
}

/// A field of an object.
package struct ExportField: Hashable, Sendable {
    /// Its name.
    package let name: String
    /// Its type.
    package let type: ExportType

    /// Names a field.
    init(_ name: String, _ type: ExportType) {
        self.name = name
        self.type = type
    }
}

extension ExportType: CustomStringConvertible {
    /// As schema files say it: `list<float>`.
    package var description: String {
        switch self {
        case .text: "text"
        case .float: "float"
        case .integer: "integer"
        case .boolean: "boolean"
        case .list(let element): "list<\(element)>"
        case .object(let fields):
            "object<\(fields.map { "\($0.name): \($0.type)" }.joined(separator: ", "))>"
        case .json: "json"
        }
    }
}
