/// Fields that in many data sets belong to a prompt, and that no shape reads.
enum PromptParts {
    /// What a question is about.
    static let contexts = [
        "context", "contexts", "passage", "passages", "paragraph", "article", "document",
        "documents", "story", "input",
    ]
    /// The answers to choose from.
    static let choices = ["choices", "options", "endings"]
    /// The same, one in a column each: the first two names tell.
    private static let columns = [
        ("A", "B"), ("option_a", "option_b"), ("opa", "opb"), ("option1", "option2"),
        ("choice_a", "choice_b"), ("choice1", "choice2"),
    ]

    /// The fields of a row that are such parts, and say something.
    static func found(in draft: RowDraft) -> (contexts: [String], choices: [String]) {
        var choices = choices.filter { draft.says($0) }
        for (first, second) in columns where draft.says(first) && draft.says(second) {
            choices.append(first)
        }
        return (contexts.filter { draft.says($0) }, choices)
    }

    /// Refuses a question that needs another field to be understood.
    static func refuse(beside question: String, _ draft: RowDraft) throws(RowProblem) {
        let found = found(in: draft)
        guard let name = (found.contexts + found.choices).first else { return }
        let way: String
        if found.contexts.isEmpty {
            let command =
                Self.choices.contains(name)
                ? ": `jq -c '.prompt = .\(question) + \"\\n\" + (.\(name) | join(\"\\n\"))' FILE` "
                    + "is the least" : ""
            way = "write them into a field `prompt`" + command
        } else {
            let fields = (found.contexts + [question]).joined(separator: ", ")
            way = "read both with `prompts: {fields: {prompt: [\(fields)]}}`"
        }
        throw RowProblem(
            .inconsistent,
            "the prompt is `\(question)` alone, and the model would be asked without `\(name)`; "
                + "\(way); if the question is whole without it, write `prompts: {metadata: "
                + "[\((found.contexts + found.choices).joined(separator: ", "))]}`")
    }

    /// Notes the parts that stay behind.
    static func note(_ draft: inout RowDraft) {
        let found = found(in: draft)
        for name in found.contexts + found.choices {
            draft.notes.append(
                ImportNote(
                    text: "`\(name)` is metadata and not sent: the prompt is read from another "
                        + "field"))
        }
    }
}

/// A chat that is written into a text, as tables of values have it.
enum ChatText {
    /// As JSON.
    case json
    /// As Python shows its lists.
    case python

    /// How a text holds a chat; `nil` for other texts.
    static func notation(of text: String) -> ChatText? {
        let head = text.utf8.prefix(64)
        guard let first = head.first(where: { $0 > 32 }),
            first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
        else { return nil }
        let inner = head.filter { $0 > 32 }
            .drop { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
        switch inner.first {
        case UInt8(ascii: "'"):
            let isChat = ["'role':", "'from':"].contains { text.contains($0) }
            return isChat ? .python : nil
        case UInt8(ascii: "\""):
            guard let value = try? JSONParser.parse(Array(text.utf8)) else { return nil }
            let messages = value.elements ?? [value]
            return !messages.isEmpty && messages.allSatisfy(isMessage) ? .json : nil
        default: return nil
        }
    }

    private static func isMessage(_ value: ExactJSON) -> Bool {
        guard let fields = value.fields else { return false }
        return fields["role"]?.text != nil && fields["content"] != nil
            || fields["from"]?.text != nil && fields["value"] != nil
    }

    /// What it is and how to write it, of a field or of an element of one.
    func advice(_ field: String) -> String {
        switch self {
        case .json:
            let isField = !field.contains { $0 == "[" || $0 == "." || $0 == "\"" }
            return "`\(field)` is a chat written as JSON text; "
                + (isField
                    ? "`jq -c '.[\"\(field)\"] |= fromjson' FILE` writes it as a list, or "
                        + "Python's `json.loads` for a table"
                    : "write it as a list")
        case .python:
            return "`\(field)` is a chat in Python's notation, as a text; write the rows with "
                + "Python's json.dumps, so that it is a list"
        }
    }
}

/// Names that were probably meant.
enum FieldSlip {
    /// Whether a name is the known one but for its capitals, or for one letter that is missing,
    /// too much, wrong or in its neighbour's place. A plural is another name.
    static func isSlip(_ name: String, of known: String) -> Bool {
        guard abs(name.utf8.count - known.utf8.count) <= 1, name != known,
            sharesAnEnd(name, known)
        else { return false }
        let left = Array(name.lowercased().utf8)
        let right = Array(known.utf8)
        var start = 0
        while start < min(left.count, right.count), left[start] == right[start] { start += 1 }
        var (leftEnd, rightEnd) = (left.count, right.count)
        while leftEnd > start, rightEnd > start, left[leftEnd - 1] == right[rightEnd - 1] {
            leftEnd -= 1
            rightEnd -= 1
        }
        switch (leftEnd - start, rightEnd - start) {
        case (0, 0), (1, 1): return true
        case (1, 0): return !(leftEnd == left.count && left.last == UInt8(ascii: "s"))
        case (0, 1): return !(rightEnd == right.count && right.last == UInt8(ascii: "s"))
        case (2, 2):
            return left[start] == right[start + 1] && left[start + 1] == right[start]
        default: return false
        }
    }

    /// Whether two names have their first letter in common, or their last one, but for capitals;
    /// of two that differ in one place of three letters or more, one end is not that place. It
    /// rules most names out at once. Of other letters than those of ASCII it says nothing.
    private static func sharesAnEnd(_ name: String, _ known: String) -> Bool {
        guard known.utf8.count > 2, let first = name.utf8.first, let last = name.utf8.last,
            name.utf8.allSatisfy({ $0 < 128 })
        else { return true }
        return first | 32 == known.utf8.first.map { $0 | 32 }
            || last | 32 == known.utf8.last.map { $0 | 32 }
    }

    /// The first of some known names that a field of the row was probably meant to have, by the
    /// order of the row; none of `except`.
    static func find(
        among known: [String], except: [String] = [], in draft: RowDraft
    ) -> (field: String, meant: String)? {
        for (name, value) in draft.rest.inOrder where !value.isNothing {
            guard !meaningful.contains(name),
                let meant = known.first(where: { isSlip(name, of: $0) && !except.contains($0) })
            else { continue }
            return (name, meant)
        }
        return nil
    }

    /// Names that mean something: none of them is a slip of another one.
    static let meaningful = [
        "prompt", "messages", "conversations", "conversation", "question", "chosen", "rejected",
        "completion", "completions", "system", "system_prompt", "tools",
    ]
}
