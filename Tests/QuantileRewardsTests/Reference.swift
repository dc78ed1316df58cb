import Foundation

/// A value of a function, computed by other programs.
struct Reference: Decodable, CustomStringConvertible {
    /// An argument: a number, a text or a table of rewards.
    enum Argument: Decodable {
        case number(Double)
        case text(String)
        case list([Double])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .list(try container.decode([Double].self))
            }
        }

        var number: Double? { if case .number(let value) = self { value } else { nil } }
        var text: String? { if case .text(let value) = self { value } else { nil } }
        var list: [Double]? { if case .list(let value) = self { value } else { nil } }
    }

    let function: String
    let arguments: [Argument]
    /// The column of the answer, where it has several.
    let field: String?
    let value: Double

    private enum CodingKeys: CodingKey {
        case function, arguments, field, value
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        function = try container.decode(String.self, forKey: .function)
        arguments = try container.decode([Argument].self, forKey: .arguments)
        field = try container.decodeIfPresent(String.self, forKey: .field)
        // Infinite values stand as text.
        if let number = try? container.decode(Double.self, forKey: .value) {
            value = number
        } else {
            value = Double(try container.decode(String.self, forKey: .value)) ?? .nan
        }
    }

    var description: String { "\(function)\(arguments) \(field ?? "") = \(value)" }

    /// All of them.
    static func cases() throws -> [Reference] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "reference.json")
        return try JSONDecoder().decode([Reference].self, from: Data(contentsOf: file))
    }

    /// Whether two values agree to 1e-12, relative above 1 and absolute below.
    static func agree(_ value: Double, _ expected: Double) -> Bool {
        value == expected || abs(value - expected) <= 1e-12 * max(1, abs(expected))
    }
}
