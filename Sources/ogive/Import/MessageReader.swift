internal import OgiveCore

/// Reads lists of messages in the form of chat APIs.
struct MessageReader {
    /// The field that names the role.
    var role = "role"
    /// The field that holds the text.
    var content = "content"
    /// Roles by the names that the file gives them.
    var roles: [String: String] = [:]

    /// The messages of `value`; `field` is for the message of the problem.
    func messages(_ value: JSONValue, field: String) throws(RowProblem) -> [ChatMessage] {
        guard let elements = value.elements else {
            throw RowProblem(
                .wrongType, "`\(field)` must be a list of messages, not \(value.kind)")
        }
        var messages: [ChatMessage] = []
        for (index, element) in elements.enumerated() {
            messages.append(try message(element, "`\(field)[\(index)]`"))
        }
        return messages
    }

    private func message(_ value: JSONValue, _ place: String) throws(RowProblem) -> ChatMessage {
        guard let fields = value.fields else {
            throw RowProblem(.wrongType, "\(place) must be an object, not \(value.kind)")
        }
        guard case .string(let name)? = fields[role], !name.isEmpty else {
            throw RowProblem(.wrongType, "\(place) needs a text in `\(role)`")
        }
        let unsupported = ["tool_calls", "function_call", "tool_call_id"].first {
            fields[$0].map { $0 != .null && $0 != .array([]) } ?? false
        }
        if let unsupported {
            throw RowProblem(
                .unsupportedContent,
                "\(place) has `\(unsupported)`: tool use cannot be sampled yet")
        }
        return ChatMessage(role: roles[name] ?? name, content: try text(fields[content], place))
    }

    /// A text, or a list of parts that are all texts.
    private func text(_ value: JSONValue?, _ place: String) throws(RowProblem) -> String {
        switch value {
        case .string(let text): return text
        case .array(let parts):
            var joined = ""
            for part in parts {
                guard part.fields?["type"] == .string("text"),
                    case .string(let text)? = part.fields?["text"]
                else {
                    throw RowProblem(
                        .unsupportedContent, "\(place) has a part that is not text")
                }
                joined += text
            }
            return joined
        case nil, .null?:
            throw RowProblem(.wrongType, "\(place) needs a text in `\(content)`")
        case let value?:
            throw RowProblem(
                .wrongType, "\(place): `\(content)` must be a text, not \(value.kind)")
        }
    }
}
