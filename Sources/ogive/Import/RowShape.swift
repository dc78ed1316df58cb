internal import OgiveCore

/// Turns the object of one row into a prompt: by its shape, or by a field map.
///
/// The key is the first of `key`, `id`, `prompt_id`, `uid`, `task_id` that is there; else the
/// SHA-256 of the canonical prompt. Whatever is not used becomes metadata.
struct RowShape {
    /// A prompt, and what the user is told of its row.
    struct Reading {
        /// The prompt.
        var prompt: ImportedPrompt
        /// What may not be as the author meant it.
        var notes: [ImportNote]
    }

    /// How rows are read.
    var rules: ImportRules

    /// Fields that may hold the key, best first.
    static let keyFields = ["key", "id", "prompt_id", "uid", "task_id"]

    /// Reads rows by these rules.
    init(rules: ImportRules = ImportRules()) {
        self.rules = rules
    }

    /// Reads a row. Throws why it is bad.
    func read(_ row: JSONFields) throws(RowProblem) -> Reading {
        var row = row
        let adopted = try rules.adoption?.take(from: &row)
        let kept = rules.metadata.compactMap { name in row.remove(name).map { (name, $0) } }
        var draft = RowDraft(row)
        if let fields = rules.fields {
            try read(&draft, with: fields)
        } else {
            try RowRecogniser().read(&draft)
        }
        try resolveLastTurn(&draft)
        let content = try draft.checkedContent()
        var key = draft.key
        if key == nil, rules.fields == nil { key = try self.key(&draft) }
        for (name, value) in kept { draft.keep(name, value) }
        var prompt = ImportedPrompt(
            key: key ?? content.digest.hex, content: content,
            metadata: ExactJSON.object(draft.rest).json,
            candidates: draft.candidates)
        prompt.adopted = adopted?.completions ?? []
        if let excess = PromptLimits.excess(of: prompt) { throw RowProblem(.tooLong, excess) }
        return Reading(prompt: prompt, notes: (adopted?.notes ?? []) + draft.notes)
    }

    private func key(_ draft: inout RowDraft) throws(RowProblem) -> String? {
        let field = rules.fields?.key ?? Self.keyFields.first { draft.has($0) }
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
        guard (1...PromptLimits.keyBytes).contains(text.utf8.count) else {
            throw RowProblem(
                .badKey, "the key `\(field)` must have 1 to \(PromptLimits.keyBytes) bytes")
        }
        return text
    }

    /// Decides what an assistant's turn at the end of a chat is: it is never continued unasked.
    private func resolveLastTurn(_ draft: inout RowDraft) throws(RowProblem) {
        guard case .chat(let messages, _) = draft.content, let last = messages.last,
            last.role == "assistant", !(last.content.isEmpty && last.isPlain),
            !draft.isMarkedPartial
        else { return }
        switch rules.lastAssistant ?? (draft.isShareGPT ? .candidate : nil) {
        case .candidate:
            try draft.takeLastTurn()
            draft.notes.append(
                ImportNote(
                    text: "the assistant's turn at the end of the chat is a candidate labelled "
                        + "`\(RowDraft.lastTurnLabel)`; `prompts: {last_assistant: continue}` "
                        + "lets the policy continue it instead"))
        case .continue:
            if last.toolCalls != nil {
                throw RowProblem(
                    .unsupportedContent,
                    "the chat ends with a call of tools, which cannot be continued")
            }
        case nil:
            throw RowProblem(
                .lastAssistant,
                "the chat ends with a turn of the assistant; write `prompts: {last_assistant: "
                    + "candidate}` when it is a finished answer (\(rules.way.takesLastTurn)), "
                    + "or `continue` when the policy is to continue it")
        }
    }

    private func read(_ draft: inout RowDraft, with map: FieldMap) throws(RowProblem) {
        let reader = MessageReader(role: map.role, content: map.content, roles: map.roles)
        draft.isMapped = true
        draft.key = try key(&draft)
        try readPrompt(&draft, map, reader)
        if let field = map.system, let value = draft.takeUnlessNull(field) {
            try draft.prepend(system: value, field: field)
        }
        for (label, field) in map.candidates.sorted(by: { $0.key < $1.key }) {
            guard let value = draft.takeUnlessNull(field) else { continue }
            guard field.contains("*"), let elements = value.elements else {
                try draft.add(candidate: value, field: field, label: label, reader)
                continue
            }
            for element in elements where element != .null {
                try draft.add(candidate: element, field: field, label: label, reader)
            }
        }
        if let field = map.completions, let value = draft.takeUnlessNull(field) {
            var names = RowDraft.CandidateFields()
            if let text = map.completionText { names.text = [text] }
            names.label = map.completionLabel ?? names.label
            names.reward = map.completionReward ?? names.reward
            try draft.add(list: value, field: field, names, reader)
        }
        if let field = map.tools, let value = draft.takeUnlessNull(field) {
            try draft.read(tools: value, field: field)
        }
        note(&draft, map)
    }

    /// What the map does not name, and would be more than metadata without it.
    private func note(_ draft: inout RowDraft, _ map: FieldMap) {
        let named = Set(map.fields.compactMap { $0.split(separator: ".").first.map(String.init) })
        func isLeft(_ name: String) -> Bool { !named.contains(name) && draft.says(name) }
        let parts = PromptParts.found(in: draft)
        let unsent =
            RowRecogniser.unsent + RowRecogniser.unread + ["tools", "system", "system_prompt"]
        var texts = (unsent + parts.contexts + parts.choices).filter(isLeft).map {
            "`\($0)` is metadata and not sent: the field map does not name it"
        }
        let answers = [
            "chosen", "rejected", "completion", "completions", "preferred_output",
            "non_preferred_output",
        ]
        texts += answers.filter(isLeft).map {
            "`\($0)` is metadata and no candidate: the field map does not name it"
        }
        draft.notes += texts.map(ImportNote.init(text:))
    }

    private func readPrompt(
        _ draft: inout RowDraft, _ map: FieldMap, _ reader: MessageReader
    ) throws(RowProblem) {
        if let field = map.messages {
            guard let value = draft.takeUnlessNull(field) else { throw missing(field, draft) }
            return try draft.read(messages: value, field: field, reader)
        }
        guard let first = map.prompt.first, let value = draft.takeUnlessNull(first) else {
            throw missing(map.prompt.first ?? "", draft)
        }
        guard map.prompt.count > 1 else {
            return try draft.read(prompt: value, field: first, reader)
        }
        var parts: [String] = []
        for field in map.prompt {
            let value = field == first ? value : draft.takeUnlessNull(field)
            guard let value else { continue }
            guard let text = value.text else {
                throw RowProblem(.wrongType, "`\(field)` must be a text, not \(value.kind)")
            }
            if !text.isEmpty { parts.append(text) }
        }
        draft.content = .text(parts.joined(separator: map.join))
    }

    private func missing(_ field: String, _ draft: RowDraft) -> RowProblem {
        RowProblem(
            .unknownShape,
            "the field `\(field)` of the field map is missing; there are "
                + draft.rest.names.prefix(20).map { "`\($0.prefix(40))`" }.joined(separator: ", "))
    }
}
