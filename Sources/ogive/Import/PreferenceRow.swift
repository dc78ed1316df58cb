internal import OgiveCore

/// Reads preference rows: `chosen` and `rejected` as texts, as answers, or as whole
/// conversations that repeat the prompt.
enum PreferenceRow {
    /// Reads `prompt`, `chosen` and `rejected` into the draft. Without `prompt`, what both
    /// conversations share is the prompt.
    static func read(_ draft: inout RowDraft, _ reader: MessageReader) throws(RowProblem) {
        var given: [(label: String, value: JSONValue)] = []
        for label in ["chosen", "rejected"] {
            if let value = draft.takeUnlessNull(label) { given.append((label, value)) }
        }
        if let prompt = draft.takeUnlessNull("prompt") {
            draft.content = try reader.content(prompt, field: "prompt")
        } else if given.allSatisfy(isText), let messages = draft.takeUnlessNull("messages") {
            draft.content = .chat(try reader.messages(messages, field: "messages"))
        } else {
            draft.content = .chat(try shared(given, reader))
        }
        for side in given {
            try add(side.value, field: side.label, label: side.label, to: &draft, reader)
        }
    }

    /// Adds one candidate: a text, or messages whose last one is the assistant's answer to the
    /// draft's prompt. A text prompt that such a conversation repeats becomes that conversation.
    static func add(
        _ value: JSONValue, field: String, label: String, to draft: inout RowDraft,
        _ reader: MessageReader
    ) throws(RowProblem) {
        if let text = value.text {
            draft.add(label: label, text: text)
            return
        }
        guard value.elements != nil else {
            throw RowProblem(
                .wrongType, "`\(field)` must be a text or a list of messages, not \(value.kind)")
        }
        let messages = try reader.messages(value, field: field)
        guard let last = messages.last, last.role == "assistant" else {
            throw RowProblem(
                .inconsistent, "`\(field)` must end with a message of the assistant")
        }
        let before = Array(messages.dropLast())
        switch draft.content {
        case .chat(let prompt) where before.isEmpty || before == prompt:
            draft.add(label: label, text: last.content)
        case .text where before.isEmpty:
            draft.add(label: label, text: last.content)
        case .text(let prompt) where repeats(before, prompt) && draft.candidates.isEmpty:
            draft.content = .chat(before)
            draft.add(label: label, text: last.content)
        default:
            throw RowProblem(
                .inconsistent,
                "the messages of `\(field)` before its last one are not the prompt")
        }
    }

    private static func isText(_ side: (label: String, value: JSONValue)) -> Bool {
        side.value.text != nil
    }

    /// Whether the user's last message is the prompt, white space at its ends apart.
    private static func repeats(_ messages: [ChatMessage], _ prompt: String) -> Bool {
        guard let last = messages.last, last.role == "user" else { return false }
        return trimmed(last.content) == trimmed(prompt)
    }

    private static func trimmed(_ text: String) -> Substring {
        var rest = text.drop { $0.isWhitespace }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return rest
    }

    /// The messages that all sides begin with, the answers not included.
    private static func shared(
        _ sides: [(label: String, value: JSONValue)], _ reader: MessageReader
    ) throws(RowProblem) -> [ChatMessage] {
        var prompt: [ChatMessage]?
        for side in sides {
            guard side.value.elements != nil else {
                throw RowProblem(
                    .unknownShape,
                    "`\(side.label)` is \(side.value.kind) and there is no `prompt`; without "
                        + "one, `chosen` and `rejected` must be lists of messages")
            }
            let messages = try reader.messages(side.value, field: side.label).dropLast()
            if let earlier = prompt, earlier != Array(messages) {
                throw RowProblem(
                    .inconsistent,
                    "`chosen` and `rejected` part before their last message, so there is no "
                        + "one prompt for both")
            }
            prompt = Array(messages)
        }
        return prompt ?? []
    }
}
