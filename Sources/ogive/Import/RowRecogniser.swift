internal import OgiveCore

/// Reads rows of known shapes into a draft. *Imports* of the documentation shows each.
struct RowRecogniser {
    private let reader = MessageReader()

    /// Fields that hold a chat.
    private static let chats = ["messages", "conversations", "conversation"]
    /// Fields that change what a prompt means, and are not sent.
    static let unsent = [
        "images", "image", "videos", "video", "audios", "audio", "functions", "function_call",
    ]
    /// Fields that hold candidates in some data sets, and something else in others.
    private static let likelyCandidates: [(field: String, element: String?)] = [
        ("answers", "answer"), ("responses", "response"), ("outputs", "output"),
        ("generations", "text"), ("response", nil), ("output", nil), ("chosen_response", nil),
        ("rejected_response", nil),
    ]

    /// Reads a row.
    func read(_ draft: inout RowDraft) throws(RowProblem) {
        try refuseUnsent(draft)
        var sides: [(label: String, value: JSONValue)] = []
        for label in ["chosen", "rejected"] {
            if let value = draft.takeUnlessNull(label) { sides.append((label, value)) }
        }
        try readPrompt(&draft, sides)
        for field in ["system", "system_prompt"] where draft.rest[field]?.text != nil {
            guard let value = draft.take(field) else { continue }
            try draft.prepend(system: value, field: field)
        }
        for side in sides {
            try draft.add(candidate: side.value, field: side.label, label: side.label, reader)
        }
        try readCompletions(&draft)
        if let tools = draft.takeUnlessNull("tools") {
            try draft.read(tools: tools, field: "tools")
        }
        note(&draft)
    }

    private func refuseUnsent(_ draft: RowDraft) throws(RowProblem) {
        let found = Self.unsent.first { draft.rest[$0].map { !$0.isNothing } ?? false }
        guard let found else { return }
        throw RowProblem(
            .unsupportedContent,
            "the row has `\(found)`, which is not sent to models; if the prompt means the same "
                + "without it, write `prompts: {metadata: [\(found)]}`"
                + (found == "functions" ? ", else write them as `tools`" : ""))
    }

    private func readPrompt(
        _ draft: inout RowDraft, _ sides: [(label: String, value: JSONValue)]
    ) throws(RowProblem) {
        if let prompt = draft.takeUnlessNull("prompt") {
            return try draft.read(prompt: prompt, field: "prompt", reader)
        }
        if let field = Self.chats.first(where: { draft.has($0) }), let value = draft.take(field) {
            try draft.read(messages: value, field: field, reader)
            // Beside whole conversations, a chat with its answer is one of them once more.
            guard case .chat(let messages, _) = draft.content, messages.last?.role == "assistant",
                !sides.isEmpty, let shared = try? shared(sides), !shared.isEmpty
            else { return }
            draft.keep(field, value)
            draft.content = .chat(shared)
            return
        }
        if let question = draft.takeUnlessNull("question") {
            guard let text = question.text else {
                throw RowProblem(.wrongType, "`question` must be a text, not \(question.kind)")
            }
            draft.content = .chat([ChatMessage(role: "user", content: text)])
            return
        }
        guard !sides.isEmpty, !draft.has("instruction") else { throw unknown(draft) }
        draft.content = .chat(try shared(sides))
    }

    /// The messages that all sides begin with, the answers not included.
    private func shared(
        _ sides: [(label: String, value: JSONValue)]
    ) throws(RowProblem) -> [ChatMessage] {
        var prompt: [ChatMessage]?
        for side in sides {
            guard side.value.elements != nil else {
                throw RowProblem(
                    .unknownShape,
                    "`\(side.label)` is \(side.value.kind) and there is no `prompt`; without "
                        + "one, `chosen` and `rejected` must be lists of messages")
            }
            var ignored: [ImportNote] = []
            let turns = try reader.turns(side.value, field: side.label, notes: &ignored)
            let before = turns.dropLast().map(\.message)
            if let earlier = prompt, earlier != before {
                throw RowProblem(
                    .inconsistent,
                    "`chosen` and `rejected` part before their last message, so there is no "
                        + "one prompt for both")
            }
            prompt = before
        }
        return prompt ?? []
    }

    /// `completions`, a list; `completion`, one, with the label of KTO or without.
    private func readCompletions(_ draft: inout RowDraft) throws(RowProblem) {
        if let list = draft.takeUnlessNull("completions") {
            try draft.add(list: list, field: "completions", .init(), reader)
        }
        guard let value = draft.takeUnlessNull("completion") else { return }
        var label = "completion"
        var metadata: JSONFields = [:]
        if case .bool(let isDesirable)? = draft.rest["label"] {
            _ = draft.take("label")
            label = isDesirable ? "desirable" : "undesirable"
            metadata["label"] = .bool(isDesirable)
        }
        try draft.add(
            candidate: value, field: "completion", label: label, metadata: metadata, reader)
    }

    private func note(_ draft: inout RowDraft) {
        for field in Self.chats where draft.has(field) {
            draft.notes.append(
                ImportNote(
                    text: "`\(field)` is metadata here, because the prompt is read from another "
                        + "field; `prompts: {fields: {messages: \(field)}}` reads it instead"))
        }
        for (field, element) in Self.likelyCandidates where draft.has(field) {
            let isList = draft.rest[field]?.elements != nil
            let map =
                isList
                ? "completions: \(field)" + (element.map { ", completion_text: \($0)" } ?? "")
                : "candidates: {answer: \(field)}"
            draft.notes.append(
                ImportNote(
                    text: "`\(field)` is kept as metadata; to make candidates of it, write "
                        + "`prompts: {fields: {prompt: prompt, \(map)}}`"))
        }
    }

    private func unknown(_ draft: RowDraft) -> RowProblem {
        let seen = draft.rest.names.prefix(20).map { "`\($0.prefix(40))`" }
        let list = seen.isEmpty ? "none" : seen.joined(separator: ", ")
        let map: String
        if draft.has("instruction") {
            var parts = [
                draft.has("input") ? "prompt: [instruction, input]" : "prompt: instruction"
            ]
            if draft.has("output") { parts.append("candidates: {output: output}") }
            if draft.has("completions") {
                parts += ["completions: completions", "completion_text: response"]
            }
            map = "for rows like these: `prompts: {fields: {\(parts.joined(separator: ", "))}}`"
        } else if let rows = draft.rest.inOrder.first(where: { isListOfRows($0.value) }) {
            map =
                "the rows seem to be in the list `\(rows.name.prefix(40))`: "
                + "`jq -c '.[\"\(rows.name.prefix(40))\"][]' FILE` writes them line by line"
        } else {
            map =
                "`prompts: {fields: {prompt: FIELD}}` for a text, "
                + "`prompts: {fields: {messages: FIELD}}` for a list of messages"
        }
        return RowProblem(
            .unknownShape,
            "no prompt recognised in the fields \(list); name the field in the configuration: "
                + map)
    }

    private func isListOfRows(_ value: JSONValue) -> Bool {
        guard let first = value.elements?.first?.fields else { return false }
        return first["prompt"] != nil || first["messages"] != nil || first["question"] != nil
    }
}
