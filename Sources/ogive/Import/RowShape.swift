internal import OgiveCore

/// Turns the object of one line into a prompt.
///
/// Recognised: `prompt` (text or messages), `messages`, `question`, `chosen` and `rejected` with
/// or without `prompt`, and `completions`. The key is the first of `key`, `id`, `prompt_id`,
/// `uid`, `task_id` that is there; else the SHA-256 of the canonical prompt. Whatever is not
/// used becomes metadata.
struct RowShape {
    /// The map for other shapes; `nil` recognises the shapes above.
    var fields: FieldMap?

    /// Fields that may hold the key, best first.
    static let keyFields = ["key", "id", "prompt_id", "uid", "task_id"]
    /// Longest key, in bytes: keys are indexed.
    static let keyBytesMax = 1024

    /// Recognises shapes, or uses the map when there is one.
    init(fields: FieldMap? = nil) {
        self.fields = fields
    }

    /// Reads a row. Throws why it is bad.
    func prompt(from row: [String: JSONValue]) throws(RowProblem) -> ImportedPrompt {
        var draft = RowDraft(row)
        if let fields {
            try read(&draft, with: fields)
        } else {
            try recognise(&draft)
        }
        let content = try draft.checkedContent()
        var key = draft.key
        if key == nil, fields == nil { key = try self.key(&draft) }
        return ImportedPrompt(
            key: key ?? content.digest.hex, content: content,
            metadata: JSONValue.object(draft.rest).json,
            candidates: draft.candidates)
    }

    private func key(_ draft: inout RowDraft) throws(RowProblem) -> String? {
        let field = fields?.key ?? Self.keyFields.first { draft.has($0) }
        guard let field, let value = draft.take(field), value != .null else { return nil }
        let text: String
        switch value {
        case .string(let given): text = given
        case .number(let digits) where digits.allSatisfy { $0.isNumber || $0 == "-" }:
            text = digits
        default:
            throw RowProblem(
                .badKey, "the key `\(field)` must be a text or a whole number, not \(value.kind)")
        }
        guard !text.isEmpty, text.utf8.count <= Self.keyBytesMax else {
            throw RowProblem(
                .badKey, "the key `\(field)` must have 1 to \(Self.keyBytesMax) bytes")
        }
        return text
    }

    private func recognise(_ draft: inout RowDraft) throws(RowProblem) {
        let reader = MessageReader()
        if draft.has("chosen") || draft.has("rejected") {
            try PreferenceRow.read(&draft, reader)
        } else if let prompt = draft.takeUnlessNull("prompt") {
            draft.content = try reader.content(prompt, field: "prompt")
        } else if let messages = draft.takeUnlessNull("messages") {
            draft.content = .chat(try reader.messages(messages, field: "messages"))
        } else if let question = draft.takeUnlessNull("question") {
            guard let text = question.text else {
                throw RowProblem(.wrongType, "`question` must be a text, not \(question.kind)")
            }
            draft.content = .chat([ChatMessage(role: "user", content: text)])
        } else {
            throw unknown(draft)
        }
        if let completions = draft.takeUnlessNull("completions") {
            try draft.add(completions, field: "completions", reader)
        }
    }

    private func unknown(_ draft: RowDraft) -> RowProblem {
        let seen = draft.rest.keys.sorted().prefix(20).map { "`\($0.prefix(40))`" }
        let list = seen.isEmpty ? "none" : seen.joined(separator: ", ")
        return RowProblem(
            .unknownShape,
            "no prompt recognised in the fields \(list); name the field in the configuration: "
                + "`prompts: {fields: {prompt: FIELD}}` for a text, "
                + "`prompts: {fields: {messages: FIELD}}` for a list of messages")
    }

    private func read(_ draft: inout RowDraft, with map: FieldMap) throws(RowProblem) {
        let reader = MessageReader(role: map.role, content: map.content, roles: map.roles)
        draft.key = try key(&draft)
        guard let field = map.messages ?? map.prompt, let value = draft.takeUnlessNull(field)
        else {
            let field = map.messages ?? map.prompt ?? ""
            throw RowProblem(
                .unknownShape,
                "the field `\(field)` of the field map is missing; there are "
                    + draft.rest.keys.sorted().prefix(20).map { "`\($0)`" }.joined(separator: ", "))
        }
        draft.content =
            map.messages == nil
            ? try reader.content(value, field: field)
            : .chat(try reader.messages(value, field: field))
        if let field = map.system, let value = draft.takeUnlessNull(field) {
            guard let text = value.text else {
                throw RowProblem(.wrongType, "`\(field)` must be a text, not \(value.kind)")
            }
            draft.prepend(system: text)
        }
        for (label, field) in map.candidates.sorted(by: { $0.key < $1.key }) {
            guard let value = draft.takeUnlessNull(field) else { continue }
            try PreferenceRow.add(value, field: field, label: label, to: &draft, reader)
        }
        if let field = map.completions, let value = draft.takeUnlessNull(field) {
            try draft.add(value, field: field, reader)
        }
    }
}

extension MessageReader {
    /// A prompt that is a text or a list of messages.
    func content(_ value: JSONValue, field: String) throws(RowProblem) -> PromptContent {
        switch value {
        case .string(let text): return .text(text)
        case .array: return .chat(try messages(value, field: field))
        default:
            throw RowProblem(
                .wrongType, "`\(field)` must be a text or a list of messages, not \(value.kind)")
        }
    }
}
