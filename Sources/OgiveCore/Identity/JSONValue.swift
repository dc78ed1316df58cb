internal import FoundationEssentials

/// Any JSON value, to be passed on.
package enum JSONValue: Codable, Hashable, Sendable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])
    /// JSON text to be passed on as it is, with its keys in their order.
    case raw(String)

    /// A list of texts.
    package static func texts(_ texts: [String]) -> JSONValue { .list(texts.map(JSONValue.text)) }

    /// A list of turns, as chat servers take it.
    package static func messages(_ messages: [ChatMessage]) -> JSONValue {
        .list(messages.map(message))
    }

    private static func message(_ message: ChatMessage) -> JSONValue {
        var fields: [String: JSONValue] = [
            "role": .text(message.role), "content": .text(message.content),
        ]
        fields["name"] = message.name.map(JSONValue.text)
        fields["reasoning_content"] = message.reasoning.map(JSONValue.text)
        fields["tool_call_id"] = message.toolCallID.map(JSONValue.text)
        fields["tool_calls"] = message.toolCalls.map(JSONValue.raw)
        return .object(fields)
    }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .flag(let flag): try value.encode(flag)
        case .integer(let integer): try value.encode(integer)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        case .raw(let text):
            // Another encoder keeps no order of keys.
            try value.encode(BoundedJSON.decode(JSONValue.self, from: Data(text.utf8)))
        }
    }
}
