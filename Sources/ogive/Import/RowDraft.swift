internal import OgiveCore

/// A prompt in the making, and the fields of its row that have not been used yet.
struct RowDraft {
    /// The key, once known.
    var key: String?
    /// The content, once known; its tools are in `tools`.
    var content: PromptContent?
    /// The tools that the policy gets: a JSON list as text.
    var tools: String?
    /// The candidates so far.
    private(set) var candidates: [ImportedCandidate] = []
    /// Fields not used yet: the metadata in the end.
    private(set) var rest: JSONFields
    /// What the user is told of the row.
    var notes: [ImportNote] = []
    /// Whether the last turn is marked as one to be continued.
    var isMarkedPartial = false
    /// Whether the chat is written as ShareGPT does.
    var isShareGPT = false
    /// Whether a field map says what is a text and what is a chat.
    var isMapped = false

    /// Begins with all fields of a row.
    init(_ row: JSONFields) {
        rest = row
    }

    /// Whether the row has this field, and not as null.
    func has(_ field: String) -> Bool {
        rest.has(field)
    }

    /// Whether the row has this field, and it says something.
    func says(_ field: String) -> Bool {
        rest.says(field)
    }

    /// Takes a field out of the row. When there is no field of that name, `outer.inner` reaches
    /// into objects, `list.0` into lists, and `list.*` takes all elements of one.
    mutating func take(_ field: String) -> ExactJSON? {
        if let value = rest.remove(field) { return value }
        guard field.utf8.contains(UInt8(ascii: ".")) else { return nil }
        let path = field.split(separator: ".").map(String.init)
        return path.count > 1 ? Self.find(.object(rest), path[...]) : nil
    }

    private static func find(_ value: ExactJSON, _ path: ArraySlice<String>) -> ExactJSON? {
        guard let name = path.first else { return value }
        let rest = path.dropFirst()
        switch value {
        case .object(let fields): return fields[name].flatMap { find($0, rest) }
        case .array(let elements) where name == "*":
            return .array(elements.map { find($0, rest) ?? .null })
        case .array(let elements):
            guard let index = Int(name), elements.indices.contains(index) else { return nil }
            return find(elements[index], rest)
        default: return nil
        }
    }

    /// Takes a field; null counts as absent.
    mutating func takeUnlessNull(_ field: String) -> ExactJSON? {
        switch take(field) {
        case nil, .null?: nil
        case let value?: value
        }
    }

    /// Puts a field back, as metadata.
    mutating func keep(_ field: String, _ value: ExactJSON) {
        rest[field] = value
    }

    /// Reads the prompt: a text or a list of messages.
    mutating func read(
        prompt value: ExactJSON, field: String, _ reader: MessageReader
    ) throws(RowProblem) {
        switch value {
        case .string(let text):
            try look(at: text, field: field)
            content = .text(text)
        case .array: try read(messages: value, field: field, reader)
        default:
            throw RowProblem(
                .wrongType, "`\(field)` must be a text or a list of messages, not \(value.kind)")
        }
    }

    /// Reads the prompt: a list of messages.
    mutating func read(
        messages value: ExactJSON, field: String, _ reader: MessageReader
    ) throws(RowProblem) {
        if let text = value.text, let notation = ChatText.notation(of: text) {
            throw RowProblem(.wrongType, notation.advice(field))
        }
        let turns = try reader.turns(value, field: field, notes: &notes)
        content = .chat(turns.map(\.message))
        isMarkedPartial = turns.last?.isMarkedPartial ?? false
        isShareGPT = turns.contains { $0.isShareGPT }
    }

    /// Refuses a text that holds a chat. Under a field map, which says that it is a text, that is
    /// noted.
    mutating func look(at text: String, field: String) throws(RowProblem) {
        guard let notation = ChatText.notation(of: text) else { return }
        guard isMapped else {
            throw RowProblem(
                .wrongType,
                notation.advice(field)
                    + "; if it is meant as this text, name it in `prompts: {fields: {…}}`")
        }
        notes.append(ImportNote(text: notation.advice(field) + "; it is taken as this text"))
    }

    /// Puts a system message before the prompt; a text becomes the user's turn. An empty one is
    /// none. Throws when the chat begins with another one.
    mutating func prepend(system value: ExactJSON, field: String) throws(RowProblem) {
        guard let text = value.text else {
            throw RowProblem(
                .wrongType,
                "`\(field)` must be a text, not \(value.kind); if it means something else, write "
                    + "`prompts: {metadata: [\(field)]}`")
        }
        guard !text.isEmpty else { return }
        let system = ChatMessage(role: "system", content: text)
        switch content {
        case .text(let prompt):
            content = .chat([system, ChatMessage(role: "user", content: prompt)])
        case .chat(let messages, _) where messages.first == system: break
        case .chat(let messages, _) where messages.first?.role == "system":
            throw RowProblem(
                .inconsistent,
                "`\(field)` is another system message than the chat's own; remove one of them")
        case .chat(let messages, _): content = .chat([system] + messages)
        case nil: break
        }
    }

    /// Reads the tools: a list, or JSON text that is one. A text prompt becomes the user's turn.
    mutating func read(tools value: ExactJSON, field: String) throws(RowProblem) {
        var list = value
        if let text = value.text, let parsed = try? JSONParser.parse(Array(text.utf8)) {
            list = parsed
        }
        if list.isNothing { return }
        guard let elements = list.elements, elements.allSatisfy({ $0.fields != nil }) else {
            throw RowProblem(
                .wrongType,
                "`\(field)` must be a list of objects, or JSON text that is one; if it means "
                    + "something else, write `prompts: {metadata: [\(field)]}`")
        }
        tools = list.jsonInOrder
        if case .text(let text) = content {
            content = .chat([ChatMessage(role: "user", content: text)])
        }
    }

    /// Adds a candidate; a second one with the same label gets a number.
    mutating func add(label: String, text: String, metadata: JSONFields = [:]) {
        let taken = Set(candidates.map { ExactText($0.label) })
        var unique = label
        var number = 2
        while taken.contains(ExactText(unique)) {
            unique = "\(label)_\(number)"
            number += 1
        }
        candidates.append(
            ImportedCandidate(
                label: unique, text: text, metadata: ExactJSON.object(metadata).json))
    }

    /// Takes the assistant's turn off the end of the chat, to be a candidate.
    mutating func takeLastTurn() throws(RowProblem) {
        guard case .chat(var messages, let tools) = content, let last = messages.popLast() else {
            return
        }
        guard last.isPlain else {
            throw RowProblem(
                .unsupportedContent,
                "the assistant's last turn has more than a text (`tool_calls`, "
                    + "`reasoning_content` or `name`); a candidate is the text that a model writes")
        }
        content = .chat(messages, tools: tools)
        add(label: Self.lastTurnLabel, text: last.content)
    }

    /// The label of a candidate that was the last turn of its chat.
    static let lastTurnLabel = "answer"

    /// The content, if there is anything to be answered or continued.
    func checkedContent() throws(RowProblem) -> PromptContent {
        switch content {
        case .text(let text) where text.isMoreThanSpace:
            return .text(text)
        case .chat(let messages, _):
            let asks = messages.contains { message in
                message.role != "system" && message.content.isMoreThanSpace
            }
            if asks { return .chat(messages, tools: tools) }
            throw RowProblem(.emptyPrompt, "the messages hold no text besides the system's")
        default:
            throw RowProblem(.emptyPrompt, "the prompt is empty")
        }
    }
}

extension String {
    /// Whether there is more than white space in it.
    fileprivate var isMoreThanSpace: Bool {
        // A letter of ASCII is none, whatever marks stand on it.
        if let first = utf8.first, (33..<127).contains(first) { return true }
        return contains { !$0.isWhitespace }
    }
}
