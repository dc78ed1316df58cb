internal import OgiveCore

/// Reads lists of messages: as chat APIs take them, as ShareGPT writes them (`from`, `value`), or
/// by the names of a field map.
struct MessageReader {
    /// A turn, and what is known of it beside its text.
    struct Turn {
        /// The turn.
        var message: ChatMessage
        /// Whether a mark of the turn (`prefix`, `partial`) says that it is to be continued.
        var isMarkedPartial = false
        /// Whether it is written as ShareGPT does.
        var isShareGPT = false
    }

    /// The field that names the role; `nil` takes `role`, or ShareGPT's `from`.
    var role: String?
    /// The field that holds the text; `nil` takes `content`, or ShareGPT's `value`.
    var content: String?
    /// Roles by the names that the file gives them.
    var roles: [String: String] = [:]

    /// Roles that chat templates know.
    static let knownRoles = ["system", "user", "assistant", "tool", "developer"]
    private static let shareGPTRoles = [
        "human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant",
        "assistant": "assistant", "system": "system",
    ]

    /// The messages of a list; `field` is for the message of the problem.
    func turns(
        _ value: ExactJSON, field: String, notes: inout [ImportNote]
    ) throws(RowProblem) -> [Turn] {
        guard let elements = value.elements else {
            throw RowProblem(
                .wrongType, "`\(field)` must be a list of messages, not \(value.kind)")
        }
        var turns: [Turn] = []
        for (index, element) in elements.enumerated() {
            turns.append(try turn(element, "`\(field)[\(index)]`", &notes))
        }
        return turns
    }

    /// One message.
    func turn(
        _ value: ExactJSON, _ place: String, _ notes: inout [ImportNote]
    ) throws(RowProblem) -> Turn {
        guard var fields = value.fields else {
            throw RowProblem(.wrongType, "\(place) must be an object, not \(value.kind)")
        }
        let isShareGPT =
            role == nil && content == nil && fields["role"] == nil && fields["from"] != nil
        let roleField = role ?? (isShareGPT ? "from" : "role")
        let contentField = content ?? (isShareGPT ? "value" : "content")
        guard case .string(let name)? = fields.remove(roleField), !name.isEmpty else {
            throw RowProblem(.wrongType, "\(place) needs a text in `\(roleField)`")
        }
        var message = ChatMessage(
            role: try known(name, isShareGPT: isShareGPT, place), content: "")
        message.toolCalls = try toolCalls(fields.remove("tool_calls"), place)
        let given = fields.remove(contentField)
        if message.toolCalls == nil || given.map({ $0 != .null }) ?? false {
            message.content = try text(given, contentField, place, &notes)
        }
        message.name = try optionalText(fields.remove("name"), "name", place)
        message.toolCallID = try optionalText(
            fields.remove("tool_call_id"), "tool_call_id", place)
        message.reasoning = try optionalText(
            fields.remove("reasoning_content"), "reasoning_content", place)
        var turn = Turn(message: message, isShareGPT: isShareGPT)
        for mark in ["prefix", "partial"] where fields.remove(mark) == .bool(true) {
            turn.isMarkedPartial = true
        }
        try look(at: fields, place, &notes)
        if !Self.knownRoles.contains(where: { ExactText($0) == ExactText(message.role) }) {
            notes.append(
                ImportNote(
                    text: "the role `\(message.role.prefix(40))` is sent as it is; few chat "
                        + "templates know it (`prompts: {fields: {messages: FIELD, roles: "
                        + "{\(message.role.prefix(40)): user}}}` renames roles)"))
        }
        return turn
    }

    private func known(
        _ name: String, isShareGPT: Bool, _ place: String
    ) throws(RowProblem) -> String {
        if let renamed = roles[name] { return renamed }
        guard isShareGPT else { return name }
        if let role = Self.shareGPTRoles[name] { return role }
        throw RowProblem(
            .unsupportedContent,
            "\(place): the role `\(name.prefix(40))` of ShareGPT has no counterpart in chat APIs; "
                + "write calls of tools as `tool_calls` and their results as turns of `tool`")
    }

    /// What is left of a message: nothing of it is sent.
    private func look(
        at fields: JSONFields, _ place: String, _ notes: inout [ImportNote]
    ) throws(RowProblem) {
        for (name, value) in fields.inOrder where !value.isNothing {
            if ["function_call", "images", "image", "audio", "video", "videos"].contains(name) {
                throw RowProblem(
                    .unsupportedContent,
                    "\(place) has `\(name)`, which is not sent to models"
                        + (name == "function_call" ? "; write it as `tool_calls`" : ""))
            }
            notes.append(
                ImportNote(
                    text: "the field `\(name.prefix(40))` of messages is not sent and not kept"))
        }
    }

    /// The calls as chat APIs take them: arguments as JSON text.
    private func toolCalls(
        _ value: ExactJSON?, _ place: String
    ) throws(RowProblem) -> String? {
        guard let value, !value.isNothing else { return nil }
        guard let elements = value.elements else {
            throw RowProblem(
                .wrongType, "\(place): `tool_calls` must be a list, not \(value.kind)")
        }
        var calls: [ExactJSON] = []
        for element in elements {
            guard var call = element.fields, var function = call["function"]?.fields,
                function["name"]?.text != nil
            else {
                throw RowProblem(
                    .wrongType,
                    "\(place): each of `tool_calls` needs `function` with a `name`")
            }
            if let arguments = function["arguments"], arguments.text == nil {
                function["arguments"] = .string(arguments.jsonInOrder)
            }
            call["function"] = .object(function)
            calls.append(.object(call))
        }
        return ExactJSON.array(calls).jsonInOrder
    }

    private func optionalText(
        _ value: ExactJSON?, _ name: String, _ place: String
    ) throws(RowProblem) -> String? {
        guard let value, !value.isNothing else { return nil }
        guard let text = value.text else {
            throw RowProblem(.wrongType, "\(place): `\(name)` must be a text, not \(value.kind)")
        }
        return text
    }

    /// A text, or a list of parts that are all texts.
    private func text(
        _ value: ExactJSON?, _ field: String, _ place: String, _ notes: inout [ImportNote]
    ) throws(RowProblem) -> String {
        switch value {
        case .string(let text): return text
        case .array(let parts):
            if parts.count > 1 {
                notes.append(
                    ImportNote(
                        text: "the text parts of a message are joined with nothing between them; "
                            + "servers that are given parts differ in that"))
            }
            var joined = ""
            for (index, part) in parts.enumerated() {
                joined += try self.part(part, "\(place), part \(index)")
            }
            return joined
        case nil, .null?:
            throw RowProblem(.wrongType, "\(place) needs a text in `\(field)`")
        case let value?:
            throw RowProblem(
                .wrongType, "\(place): `\(field)` must be a text, not \(value.kind)")
        }
    }

    private func part(_ part: ExactJSON, _ place: String) throws(RowProblem) -> String {
        if let text = part.text { return text }
        guard let fields = part.fields, let type = fields["type"]?.text else {
            throw RowProblem(
                .unsupportedContent, "\(place) is no text: an object with `type` is expected")
        }
        guard type == "text" else {
            throw RowProblem(
                .unsupportedContent,
                "\(place) is of type `\(type.prefix(40))`: only texts are sent to models")
        }
        guard let text = fields["text"]?.text else {
            let others = fields.names.filter { $0 != "type" }.map { "`\($0.prefix(40))`" }
            throw RowProblem(
                .unsupportedContent,
                "\(place) is a text without a `text`; it has "
                    + (others.isEmpty ? "nothing else" : others.joined(separator: ", ")))
        }
        return text
    }
}
