/// Writes field maps for rows that are not read as they may be meant: a map reads all that is
/// recognised without one.
struct FieldMapAdvice {
    /// The names beside the prompt that the row had.
    let found: [String]
    /// What a map says of the prompt.
    var prompt = "prompt: prompt"

    /// Takes the names that are recognised beside a prompt, of those that the row had.
    init(found: [String]) {
        self.found = found
    }

    /// Fields that hold the prompt in some data sets, best first.
    private static let heads = [
        "instruction", "query", "problem", "text", "input", "inputs", "user_prompt", "user",
        "task", "content", "dialog", "dialogue", "chat", "turns",
    ]
    /// Fields that hold a candidate beside them.
    private static let answers = ["output", "response", "completion"]
    /// Fields that hold candidates in some data sets, and something else in others.
    private static let likelyCandidates: [(field: String, element: String?)] = [
        ("answers", "answer"), ("responses", "response"), ("outputs", "output"),
        ("generations", "text"), ("response", nil), ("output", nil),
    ]
    /// Two fields that are a pair of candidates, with the labels of both.
    private static let pairs: [(first: (String, String), second: (String, String))] = [
        (("chosen", "winner"), ("rejected", "loser")),
        (("chosen", "chosen_response"), ("rejected", "rejected_response")),
        (("chosen", "preferred"), ("rejected", "dispreferred")),
        (("chosen", "preferred_output"), ("rejected", "non_preferred_output")),
        (("chosen", "positive"), ("rejected", "negative")),
        (("chosen", "better"), ("rejected", "worse")),
        (("a", "response_a"), ("b", "response_b")), (("a", "answer_a"), ("b", "answer_b")),
        (("a", "completion_a"), ("b", "completion_b")),
        (("0", "response_0"), ("1", "response_1")), (("0", "answer_0"), ("1", "answer_1")),
        (("1", "response1"), ("2", "response2")), (("j", "response_j"), ("k", "response_k")),
    ]

    /// Notes fields that may be candidates.
    func note(_ draft: inout RowDraft) {
        for (field, element) in Self.likelyCandidates where draft.has(field) {
            let isList = draft.rest[field]?.elements != nil
            let map =
                isList
                ? self.map(
                    completions: "completions: \(field)"
                        + (element.map { ", completion_text: \($0)" } ?? ""))
                : self.map(candidates: [("answer", field)])
            draft.notes.append(
                ImportNote(
                    text: "`\(field)` is kept as metadata; to make candidates of it, write \(map)"))
        }
        for (first, second) in Self.pairs where draft.says(first.1) || draft.says(second.1) {
            let sides = [first, second].filter { draft.says($0.1) }
            // One alone is no pair, and its name may mean anything.
            guard sides.count == 2 || first.1 == "chosen_response" else { continue }
            let names = sides.map { "`\($0.1)`" }.joined(separator: " and ")
            draft.notes.append(
                ImportNote(
                    text: "\(names) \(sides.count == 1 ? "is" : "are") kept as metadata; to make "
                        + "candidates of \(sides.count == 1 ? "it" : "them"), write "
                        + map(candidates: sides)))
        }
    }

    /// A map with candidates beside those that are recognised.
    private func map(
        candidates: [(label: String, field: String)] = [], completions: String? = nil
    ) -> String {
        var parts = [prompt]
        if let system = ["system", "system_prompt"].first(where: found.contains) {
            parts.append("system: \(system)")
        }
        if found.contains("tools") { parts.append("tools: tools") }
        let known = ["chosen", "rejected", "completion"].filter { name in
            found.contains(name) && !candidates.contains { $0.label == name || $0.field == name }
        }
        let all = known.map { (label: $0, field: $0) } + candidates
        if !all.isEmpty {
            let list = all.map { "\($0.label): \($0.field)" }.joined(separator: ", ")
            parts.append("candidates: {\(list)}")
        }
        if let completions {
            parts.append(completions)
        } else if found.contains("completions") {
            parts.append("completions: completions")
        }
        return "`prompts: {fields: {\(parts.joined(separator: ", "))}}`"
    }

    /// The field that probably holds the prompt.
    func head(_ draft: RowDraft) -> String? {
        Self.heads.first { name in
            guard let value = draft.rest[name], !value.isNothing else { return false }
            return value.text != nil || value.elements?.first?.fields != nil
        }
    }

    /// Why a row without a prompt is refused, with the map that reads it.
    func unknown(_ draft: RowDraft) -> RowProblem {
        let seen = (found + draft.rest.names.filter { !found.contains($0) }).sorted().prefix(20)
            .map { "`\($0.prefix(40))`" }
        let list = seen.isEmpty ? "none" : seen.joined(separator: ", ")
        return RowProblem(
            .unknownShape, "no prompt recognised in the fields \(list); \(way(draft))")
    }

    private func way(_ draft: RowDraft) -> String {
        let inConfiguration = "name the field in the configuration: "
        if let head = head(draft) {
            return inConfiguration + "for rows like these: " + map(of: head, draft)
        }
        if let rows = draft.rest.inOrder.first(where: { Self.isListOfRows($0.value) }) {
            let name = rows.name.prefix(40)
            return "the rows seem to be in the list `\(name)`: `jq -c '.[\"\(name)\"][]' FILE` "
                + "writes them line by line"
        }
        let prompts = ["prompt", "messages", "conversations", "question"] + Self.heads
        if let slip = FieldSlip.find(among: prompts, in: draft) {
            return "`\(slip.field.prefix(40))`: did you mean `\(slip.meant)`? Rename it in the file"
        }
        for (name, value) in draft.rest.inOrder {
            guard let fields = value.fields,
                let inner = ["messages", "prompt"].first(where: { fields[$0] != nil })
            else { continue }
            var parts = ["\(inner): \(name.prefix(40)).\(inner)"]
            if draft.has("custom_id") { parts.insert("key: custom_id", at: 0) }
            if fields["tools"] != nil { parts.append("tools: \(name.prefix(40)).tools") }
            if draft.has("preferred_output"), draft.has("non_preferred_output") {
                parts.append(
                    "candidates: {chosen: preferred_output, rejected: non_preferred_output}")
            }
            return inConfiguration + "`prompts: {fields: {\(parts.joined(separator: ", "))}}`"
        }
        return inConfiguration + "`prompts: {fields: {prompt: FIELD}}` for a text, "
            + "`prompts: {fields: {messages: FIELD}}` for a list of messages"
    }

    /// The map of a row whose prompt begins with a field.
    private func map(of head: String, _ draft: RowDraft) -> String {
        var advice = self
        if draft.rest[head]?.elements != nil {
            advice.prompt = "messages: \(head)"
        } else {
            let more = PromptParts.contexts.filter { $0 != head && draft.rest[$0] != nil }
            let fields = ([head] + more).joined(separator: ", ")
            advice.prompt = "prompt: " + (more.isEmpty ? head : "[\(fields)]")
        }
        let candidates = Self.answers.filter { draft.has($0) && draft.rest[$0]?.text != nil }
        var completions: String?
        if let element = draft.rest["completions"]?.elements?.first?.fields,
            element["response"] != nil
        {
            completions = "completions: completions, completion_text: response"
        }
        return advice.map(
            candidates: candidates.map { ($0, $0) }, completions: completions)
    }

    private static func isListOfRows(_ value: ExactJSON) -> Bool {
        guard let first = value.elements?.first?.fields else { return false }
        return first["prompt"] != nil || first["messages"] != nil || first["question"] != nil
    }
}
