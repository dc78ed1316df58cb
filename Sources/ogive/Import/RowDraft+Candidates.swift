internal import OgiveCore

extension RowDraft {
    /// The fields of an element of a list of candidates that mean something.
    struct CandidateFields {
        /// Those with the text, best first.
        var text = ["text", "completion"]
        /// The one with the label.
        var label = "label"
        /// The one with a reward.
        var reward = "reward"
    }

    /// Adds the candidates of a list: texts, messages, or objects whose other fields become the
    /// candidate's metadata.
    mutating func add(
        list: ExactJSON, field: String, _ names: CandidateFields, _ reader: MessageReader
    ) throws(RowProblem) {
        guard let elements = list.elements else {
            throw RowProblem(.wrongType, "`\(field)` must be a list, not \(list.kind)")
        }
        for (index, element) in elements.enumerated() {
            let place = "`\(field)[\(index)]`"
            switch element {
            case .string(let text):
                try look(at: text, field: "\(field)[\(index)]")
                add(label: "\(index)", text: text)
            case .array:
                try add(
                    candidate: element, field: "\(field)[\(index)]", label: "\(index)", reader)
            case .object(let fields): try add(fields, index: index, place, names, reader)
            default:
                throw RowProblem(
                    .wrongType, "\(place) must be a text or an object, not \(element.kind)")
            }
        }
    }

    private mutating func add(
        _ fields: JSONFields, index: Int, _ place: String, _ names: CandidateFields,
        _ reader: MessageReader
    ) throws(RowProblem) {
        var fields = fields
        guard let name = names.text.first(where: { fields[$0]?.text != nil }),
            let text = fields.remove(name)?.text
        else {
            if fields["role"] != nil || fields["from"] != nil {
                return try add(
                    candidate: .object(fields), field: place, label: "\(index)", reader)
            }
            throw RowProblem(
                .wrongType,
                "\(place) needs a text in "
                    + names.text.map { "`\($0)`" }.joined(separator: " or ")
                    + "; there are "
                    + fields.names.prefix(10).map { "`\($0.prefix(40))`" }.joined(separator: ", ")
                    + ". "
                    + "`prompts: {fields: {…, completion_text: FIELD}}` names another field")
        }
        try look(at: text, field: "\(place.replacing("`", with: "")).\(name)")
        let label: String
        switch fields.remove(names.label) {
        case nil, .null?: label = "\(index)"
        case .string(let name)? where !name.isEmpty: label = name
        case .number(let digits)?: label = digits
        default: throw RowProblem(.wrongType, "\(place): `\(names.label)` must be a text")
        }
        switch fields.remove(names.reward) {
        case nil, .null?: break
        case .number(let digits)? where Double(digits)?.isFinite ?? false:
            fields["reward"] = .number(digits)
        case .number?:
            throw RowProblem(
                .wrongType, "\(place): `\(names.reward)` must be a finite number")
        default: throw RowProblem(.wrongType, "\(place): `\(names.reward)` must be a number")
        }
        add(label: label, text: text, metadata: fields)
    }

    /// Adds one candidate: a text, a message of the assistant, or messages whose last one is the
    /// assistant's answer to the prompt. A text prompt that such a conversation repeats becomes
    /// that conversation.
    mutating func add(
        candidate value: ExactJSON, field: String, label: String, metadata: JSONFields = [:],
        _ reader: MessageReader
    ) throws(RowProblem) {
        if let text = value.text {
            try look(at: text, field: field)
            add(label: label, text: text, metadata: metadata)
            return
        }
        let turns: [ChatMessage]
        switch value {
        case .object: turns = [try reader.turn(value, "`\(field)`", &notes).message]
        case .array: turns = try reader.turns(value, field: field, notes: &notes).map(\.message)
        default:
            throw RowProblem(
                .wrongType,
                "`\(field)` must be a text, a message or a list of messages, not \(value.kind)")
        }
        guard let last = turns.last, last.role == "assistant" else {
            throw RowProblem(
                .inconsistent, "`\(field)` must end with a message of the assistant")
        }
        guard last.isPlain else {
            throw RowProblem(
                .unsupportedContent,
                "`\(field)` has more than a text (`tool_calls`, `reasoning_content` or `name`); a "
                    + "candidate is the text that a model writes")
        }
        let before = Array(turns.dropLast())
        switch content {
        case .chat(let prompt, _) where before.isEmpty || Self.repeats(before, prompt): break
        case .text where before.isEmpty: break
        case .text(let prompt) where Self.repeats(before, prompt) && candidates.isEmpty:
            content = .chat(before)
        default:
            throw RowProblem(
                .inconsistent,
                "the messages of `\(field)` before its last one are not the prompt")
        }
        add(label: label, text: last.content, metadata: metadata)
    }

    /// Whether messages are the prompt's, whose system message they may leave out.
    private static func repeats(_ messages: [ChatMessage], _ prompt: [ChatMessage]) -> Bool {
        messages == prompt || prompt.first?.role == "system" && messages[...] == prompt.dropFirst()
    }

    /// Whether the user's last message is the prompt, white space at its ends apart.
    private static func repeats(_ messages: [ChatMessage], _ prompt: String) -> Bool {
        guard let last = messages.last, last.role == "user" else { return false }
        return ExactText(trimmed(last.content)) == ExactText(trimmed(prompt))
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text.drop { $0.isWhitespace }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return String(rest)
    }
}
