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
    /// Fields that other programs send with a prompt.
    static let unread = ["history", "system_message", "instructions", "chat_template_kwargs"]
    /// Fields whose names are recognised beside a prompt.
    private static let beside = [
        "chosen", "rejected", "completion", "completions", "system", "system_prompt", "tools",
    ]

    /// Reads a row.
    func read(_ draft: inout RowDraft) throws(RowProblem) {
        try refuseUnsent(draft)
        let found = FieldSlip.meaningful.filter { draft.has($0) }
        var advice = FieldMapAdvice(found: Self.beside.filter(found.contains))
        var sides: [(label: String, value: ExactJSON)] = []
        for label in ["chosen", "rejected"] {
            if let value = draft.takeUnlessNull(label) { sides.append((label, value)) }
        }
        try readPrompt(&draft, sides, &advice)
        try resolve(sides: sides.map(\.label), &draft)
        for field in ["system", "system_prompt"]
        where draft.rest[field]?.text != nil || draft.says(field) {
            guard let value = draft.take(field) else { continue }
            try draft.prepend(system: value, field: field)
        }
        for side in sides {
            try draft.add(candidate: side.value, field: side.label, label: side.label, reader)
        }
        noteEqualSides(&draft)
        try readCompletions(&draft)
        if let tools = draft.takeUnlessNull("tools") {
            try draft.read(tools: tools, field: "tools")
        }
        note(&draft, found)
        advice.note(&draft)
    }

    /// Refuses one side of a pair beside a name that looks like the other; notes one alone.
    private func resolve(sides: [String], _ draft: inout RowDraft) throws(RowProblem) {
        guard sides.count == 1, let side = sides.first else { return }
        let other = side == "chosen" ? "rejected" : "chosen"
        if let slip = FieldSlip.find(among: [other], in: draft) {
            throw RowProblem(
                .unknownShape,
                "there is `\(side)` without `\(other)`, and a field `\(slip.field.prefix(40))`: "
                    + "did you mean `\(other)`? Rename it; if it means something else, write "
                    + "`prompts: {metadata: [\(slip.field.prefix(40))]}`")
        }
        draft.notes.append(
            ImportNote(
                text: "`\(side)` without `\(other)` is a candidate and makes no pair: exports of "
                    + "pairs leave it out"))
    }

    /// Notes a pair that prefers nothing; no other candidates have been read yet.
    private func noteEqualSides(_ draft: inout RowDraft) {
        let texts = draft.candidates.map { ExactText($0.text) }
        guard texts.count == 2, texts[0] == texts[1] else { return }
        draft.notes.append(
            ImportNote(
                text: "`chosen` and `rejected` are the same text: the pair prefers neither, and "
                    + "exports of pairs hold it"))
    }

    private func refuseUnsent(_ draft: RowDraft) throws(RowProblem) {
        let found = Self.unsent.first { draft.says($0) }
        guard let found else { return }
        throw RowProblem(
            .unsupportedContent,
            "the row has `\(found)`, which is not sent to models; if the prompt means the same "
                + "without it, write `prompts: {metadata: [\(found)]}`"
                + (found == "functions" ? ", else write them as `tools`" : ""))
    }

    private func readPrompt(
        _ draft: inout RowDraft, _ sides: [(label: String, value: ExactJSON)],
        _ advice: inout FieldMapAdvice
    ) throws(RowProblem) {
        if let prompt = draft.takeUnlessNull("prompt") {
            return try draft.read(prompt: prompt, field: "prompt", reader)
        }
        if let field = Self.chats.first(where: { draft.has($0) }), let value = draft.take(field) {
            advice.prompt = "messages: \(field)"
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
            try PromptParts.refuse(beside: "question", draft)
            advice.prompt = "prompt: question"
            draft.content = .chat([ChatMessage(role: "user", content: text)])
            return
        }
        let isOfTexts = sides.contains { $0.value.elements == nil }
        guard !sides.isEmpty, !draft.has("instruction"), !(isOfTexts && advice.head(draft) != nil)
        else { throw advice.unknown(draft) }
        draft.content = .chat(try shared(sides))
    }

    /// The messages that all sides begin with, the answers not included.
    private func shared(
        _ sides: [(label: String, value: ExactJSON)]
    ) throws(RowProblem) -> [ChatMessage] {
        var prompt: [ChatMessage]?
        for side in sides {
            guard side.value.elements != nil else {
                if let problem = Self.transcript(side.value, side.label) { throw problem }
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
        if let isDesirable = try desirable(&draft) {
            label = isDesirable ? "desirable" : "undesirable"
            metadata["label"] = .bool(isDesirable)
        }
        try draft.add(
            candidate: value, field: "completion", label: label, metadata: metadata, reader)
    }

    /// Takes the label of KTO: true, false, or such a word.
    private func desirable(_ draft: inout RowDraft) throws(RowProblem) -> Bool? {
        var found: Bool?
        switch draft.rest["label"] {
        case nil, .null?: return nil
        case .bool(let flag)?: found = flag
        case .string(let word)?: found = ["true": true, "false": false][word.lowercased()]
        case .number(let digits)? where [0, 1].contains(Double(digits)):
            throw RowProblem(
                .wrongType,
                "`label` beside `completion` must be true or false, not a number; "
                    + "`jq -c '.label |= (. == 1)' FILE` writes 1 as true; if it means something "
                    + "else, write `prompts: {metadata: [label]}`")
        default: break
        }
        guard let found else {
            draft.notes.append(
                ImportNote(
                    text: "`label` is metadata: of a `completion` only true (desirable) and false "
                        + "(undesirable) are read"))
            return nil
        }
        _ = draft.take("label")
        return found
    }

    /// What is metadata and may have been meant otherwise; `found` are names that the row had.
    private func note(_ draft: inout RowDraft, _ found: [String]) {
        for field in Self.chats where draft.has(field) {
            draft.notes.append(
                ImportNote(
                    text: "`\(field)` is metadata here, because the prompt is read from another "
                        + "field; `prompts: {fields: {messages: \(field)}}` reads it instead"))
        }
        PromptParts.note(&draft)
        for field in Self.unread where draft.says(field) {
            draft.notes.append(ImportNote(text: "`\(field)` is metadata and not sent"))
        }
        if found.contains("completions"), draft.says("labels") {
            draft.notes.append(
                ImportNote(
                    text: "`labels` is metadata, and each of `completions` is a candidate, an "
                        + "answer of its own and no step of one"))
        }
        let rewards =
            found.contains("completions")
            ? ["rewards", "scores"] : found.contains("completion") ? ["reward", "score"] : []
        for field in rewards where draft.says(field) {
            draft.notes.append(
                ImportNote(
                    text: "`\(field)` is metadata and no reward of a candidate; "
                        + "`completions: [{\"text\": …, \"reward\": …}]` gives each its own"))
        }
        let needsLabel = found.contains("completion") && draft.rest["label"] == nil
        let known = needsLabel ? FieldSlip.meaningful + ["label"] : FieldSlip.meaningful
        if let slip = FieldSlip.find(among: known, except: found, in: draft) {
            draft.notes.append(
                ImportNote(
                    text: "`\(slip.field.prefix(40))` is metadata; did you mean `\(slip.meant)`?"))
        }
    }

    /// Why a text with the turns of Anthropic's HH is refused; `nil` of other values.
    private static func transcript(_ value: ExactJSON, _ field: String) -> RowProblem? {
        guard let text = value.text, text.contains("\n\nHuman:"), text.contains("\n\nAssistant:")
        else { return nil }
        return RowProblem(
            .unknownShape,
            "`\(field)` is a transcript (`Human:`, `Assistant:`) and there is no `prompt`; this "
                + "writes lists of messages: `\(turnsCommand)`")
    }

    /// Turns transcripts into lists of messages.
    private static let turnsCommand =
        #"jq -c '{chosen, rejected} | map_values([match("\n\n(Human|Assistant): ?"#
        + #"((?s:(?!\n\n(Human|Assistant):).)*)"; "g").captures | {role: (if .[0].string == "#
        + #""Human" then "user" else "assistant" end), content: .[1].string}])' FILE"#
}
