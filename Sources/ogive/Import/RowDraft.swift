internal import OgiveCore

/// A prompt in the making, and the fields of its row that have not been used yet.
struct RowDraft {
    /// The key, once known.
    var key: String?
    /// The content, once known.
    var content: PromptContent?
    /// The candidates so far.
    private(set) var candidates: [ImportedCandidate] = []
    /// Fields not used yet: the metadata in the end.
    private(set) var rest: [String: JSONValue]

    /// Begins with all fields of a row.
    init(_ row: [String: JSONValue]) {
        rest = row
    }

    /// Whether the row has this field, and not as null.
    func has(_ field: String) -> Bool {
        rest[field].map { $0 != .null } ?? false
    }

    /// Takes a field out of the row; `outer.inner` reaches into objects when there is no field
    /// of that name.
    mutating func take(_ field: String) -> JSONValue? {
        if let value = rest.removeValue(forKey: field) { return value }
        let path = field.split(separator: ".").map(String.init)
        guard path.count > 1 else { return nil }
        var value = JSONValue.object(rest)
        for name in path {
            guard let inner = value.fields?[name] else { return nil }
            value = inner
        }
        return value
    }

    /// Takes a field; null counts as absent.
    mutating func takeUnlessNull(_ field: String) -> JSONValue? {
        guard let value = take(field), value != .null else { return nil }
        return value
    }

    /// Puts a system message before the prompt; a text becomes the user's turn.
    mutating func prepend(system text: String) {
        let system = ChatMessage(role: "system", content: text)
        switch content {
        case .text(let prompt):
            content = .chat([system, ChatMessage(role: "user", content: prompt)])
        case .chat(let messages): content = .chat([system] + messages)
        case nil: break
        }
    }

    /// Adds a candidate; a second one with the same label gets a number.
    mutating func add(label: String, text: String, reward: Double? = nil) {
        let taken = Set(candidates.map(\.label))
        var unique = label
        var number = 2
        while taken.contains(unique) {
            unique = "\(label)_\(number)"
            number += 1
        }
        let metadata = reward.map { "{\"reward\":\($0)}" } ?? "{}"
        candidates.append(ImportedCandidate(label: unique, text: text, metadata: metadata))
    }

    /// Adds the candidates of a list: texts, or objects with `text` or `completion` and
    /// optionally `label` and `reward`.
    mutating func add(
        _ list: JSONValue, field: String, _ reader: MessageReader
    ) throws(RowProblem) {
        guard let elements = list.elements else {
            throw RowProblem(.wrongType, "`\(field)` must be a list, not \(list.kind)")
        }
        for (index, element) in elements.enumerated() {
            let place = "`\(field)[\(index)]`"
            switch element {
            case .string(let text): add(label: "\(index)", text: text)
            case .object(let fields): try add(fields, index: index, place)
            default:
                throw RowProblem(
                    .wrongType, "\(place) must be a text or an object, not \(element.kind)")
            }
        }
    }

    private mutating func add(
        _ fields: [String: JSONValue], index: Int, _ place: String
    ) throws(RowProblem) {
        guard let text = (fields["text"] ?? fields["completion"])?.text else {
            throw RowProblem(.wrongType, "\(place) needs a text in `text` or `completion`")
        }
        let label: String
        switch fields["label"] {
        case nil, .null?: label = "\(index)"
        case .string(let name)? where !name.isEmpty: label = name
        case .number(let digits)?: label = digits
        default: throw RowProblem(.wrongType, "\(place): `label` must be a text")
        }
        var reward: Double?
        switch fields["reward"] {
        case nil, .null?: break
        case .number(let digits)?:
            reward = Double(digits)
            if !(reward?.isFinite ?? false) {
                throw RowProblem(.wrongType, "\(place): `reward` must be a finite number")
            }
        default: throw RowProblem(.wrongType, "\(place): `reward` must be a number")
        }
        add(label: label, text: text, reward: reward)
    }

    /// The content, if there is anything to be answered or continued.
    func checkedContent() throws(RowProblem) -> PromptContent {
        switch content {
        case .text(let text) where text.contains(where: { !$0.isWhitespace }):
            return .text(text)
        case .chat(let messages):
            let asks = messages.contains { message in
                message.role != "system" && message.content.contains { !$0.isWhitespace }
            }
            if asks { return .chat(messages) }
            throw RowProblem(.emptyPrompt, "the messages hold no text besides the system's")
        default:
            throw RowProblem(.emptyPrompt, "the prompt is empty")
        }
    }
}
