internal import FoundationEssentials
package import OgiveCore

/// A text with `{{names}}` that a prompt and its completion take the places of: plain, or JSON with
/// what is put in escaped as JSON wants it.
package struct PromptTemplate: Sendable {
    /// What the text is.
    package enum Form: Sendable {
        /// JSON: a name is a whole value, or stands within a text.
        case json
        /// A text for a language model to read.
        case plain
    }

    private enum Name: Hashable, Sendable {
        case prompt, completion, messages, conversation, tools, metadata, items
        case field(String)
    }

    private enum Piece: Sendable {
        case literal(String)
        case name(Name, isWithinText: Bool)
    }

    private let form: Form
    private let pieces: [Piece]

    /// Takes a template; `takesItems` allows `{{items}}`. Throws `invalidSpecification` when a name
    /// is not known, or what comes out would be no JSON.
    package init(_ text: String, form: Form, takesItems: Bool = false) throws(ModelError) {
        self.form = form
        var pieces: [Piece] = []
        var (isText, isEscaped) = (false, false)
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            let literal = rest[..<open.lowerBound]
            for byte in literal.utf8 where form == .json {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\"), isText {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText.toggle()
                }
            }
            rest = rest[open.upperBound...]
            guard let close = rest.firstRange(of: "}}") else {
                throw ModelError(.invalidSpecification, "a `{{` of the template has no `}}`")
            }
            let name = try Self.name(rest[..<close.lowerBound], isText, form, takesItems)
            pieces += [.literal(String(literal)), .name(name, isWithinText: isText)]
            rest = rest[close.upperBound...]
        }
        self.pieces = pieces + [.literal(String(rest))]
        if form == .json { try checkJSON() }
    }

    /// Whether it names the completion, itself or within the conversation.
    var namesCompletion: Bool { has(.completion) || has(.conversation) }

    /// Whether it has a place for items.
    var takesItems: Bool { has(.items) }

    /// Which metadata of the prompt it names.
    var metadataUse: MetadataUse {
        if has(.metadata) { return .all }
        let names = pieces.compactMap { piece in
            if case .name(.field(let field), _) = piece { field } else { nil }
        }
        return names.isEmpty ? .none : .fields(Set(names))
    }

    private func has(_ sought: Name) -> Bool {
        pieces.contains { if case .name(sought, _) = $0 { true } else { false } }
    }

    /// The text for a request. Throws what makes this request impossible: `missingField`,
    /// `rejected`.
    package func render(_ request: ScoreRequest) throws(ModelError) -> String {
        if request.prompt.content.tools != nil, !has(.tools),
            has(.prompt) || has(.messages) || has(.conversation)
        {
            throw ModelError(
                .rejected,
                "prompt `\(request.prompt.key)` has tools, which the template does not name: add "
                    + "{{tools}}")
        }
        return try render { (name, isWithinText) throws(ModelError) in
            form == .plain
                ? try Self.plain(name, request)
                : try Self.json(name, request, isWithinText: isWithinText)
        }
    }

    /// The text of a whole batch: `items`, which are JSON, in their place.
    func render(items: [String]) -> String {
        // Nothing else is allowed beside items, so nothing can fail.
        (try? render { _, _ in "[" + items.joined(separator: ",") + "]" }) ?? ""
    }

    private func render(_ value: (Name, Bool) throws(ModelError) -> String) throws(ModelError)
        -> String
    {
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += literal
            case .name(let name, let isWithinText): text += try value(name, isWithinText)
            }
        }
        return text
    }

    private static func name(
        _ raw: Substring, _ isWithinText: Bool, _ form: Form, _ takesItems: Bool
    ) throws(ModelError) -> Name {
        let text = String(raw.drop { $0 == " " }.prefix { $0 != " " })
        let name: Name
        switch text {
        case "items" where takesItems: return .items
        case _ where takesItems:
            throw ModelError(
                .invalidSpecification,
                "`{{\(text)}}` belongs into `item`: beside `{{items}}` the request holds nothing "
                    + "of a single completion")
        case "prompt": name = .prompt
        case "completion": name = .completion
        case "messages": name = .messages
        case "conversation": name = .conversation
        case "tools": name = .tools
        case "metadata": name = .metadata
        case _ where text.hasPrefix("metadata."): name = .field(String(text.dropFirst(9)))
        default:
            throw ModelError(
                .invalidSpecification,
                "`{{\(text.prefix(60))}}` means nothing; there are {{prompt}}, {{completion}}, "
                    + "{{messages}}, {{conversation}}, {{tools}}, {{metadata}}, "
                    + "{{metadata.FIELD}}")
        }
        if form == .json, isWithinText,
            [.messages, .conversation, .tools, .metadata].contains(name)
        {
            throw ModelError(
                .invalidSpecification,
                "`{{\(text)}}` is no text: write it without quotes around it")
        }
        return name
    }

    /// Puts harmless values in and reads the outcome.
    private func checkJSON() throws(ModelError) {
        let sample = try render { name, isWithinText in
            name == .items ? "[]" : isWithinText ? "x" : "\"x\""
        }
        guard (try? BoundedJSON.decode(JSONValue.self, from: Data(sample.utf8))) != nil else {
            throw ModelError(
                .invalidSpecification,
                "the request is no JSON once its names are replaced: "
                    + "`\(sample.prefix(300))`")
        }
    }
}

extension PromptTemplate {
    private static func json(_ name: Name, _ request: ScoreRequest, isWithinText: Bool)
        throws(ModelError) -> String
    {
        let value: JSONValue
        switch name {
        case .prompt: value = .text(try singlePrompt(request.prompt))
        case .completion: value = .text(request.completion)
        case .messages: value = .messages(request.prompt.content.turns)
        case .conversation: value = .messages(Conversation(request).messages)
        case .tools: value = request.prompt.content.tools.map(JSONValue.raw) ?? .null
        // As it is: no number is rounded, and no two keys become one.
        case .metadata: value = .raw(request.prompt.metadata)
        case .items: value = .null
        case .field(let field):
            value =
                isWithinText
                ? .text(try MetadataField.text(field, of: request.prompt))
                : try MetadataField.value(field, of: request.prompt)
        }
        guard let bytes = value.bytes else {
            throw ModelError(.rejected, "prompt `\(request.prompt.key)` cannot be put as JSON")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return isWithinText ? String(text.dropFirst().dropLast()) : text
    }

    private static func plain(_ name: Name, _ request: ScoreRequest) throws(ModelError) -> String {
        switch name {
        case .prompt:
            if let text = try? singlePrompt(request.prompt) { return text }
            return transcript(request.prompt.content.turns)
        case .messages: return transcript(request.prompt.content.turns)
        case .conversation: return transcript(Conversation(request).messages)
        case .completion: return request.completion
        case .tools: return request.prompt.content.tools ?? "none"
        case .metadata: return request.prompt.metadata
        case .field(let field): return try MetadataField.text(field, of: request.prompt)
        case .items: return ""
        }
    }

    private static func transcript(_ messages: [ChatMessage]) -> String {
        messages.map(paragraph).joined(separator: "\n\n")
    }

    private static func paragraph(_ message: ChatMessage) -> String {
        var text = "\(message.role): \(message.content)"
        for (name, more) in [
            ("name", message.name), ("reasoning_content", message.reasoning),
            ("tool_call_id", message.toolCallID), ("tool_calls", message.toolCalls),
        ] {
            if let more { text += "\n\(name): \(more)" }
        }
        return text
    }

    /// The prompt as one text: a plain one, or a chat of one user turn.
    private static func singlePrompt(_ prompt: Prompt) throws(ModelError) -> String {
        let turns = prompt.content.turns
        guard turns.count == 1, turns[0].role == "user", turns[0].isPlain else {
            throw ModelError(
                .rejected,
                "prompt `\(prompt.key)` is more than one plain user turn, which {{prompt}} "
                    + "cannot carry; use {{messages}} or {{conversation}}")
        }
        return turns[0].content
    }
}

extension PromptContent {
    /// The turns; a plain text counts as one of the user's.
    var turns: [ChatMessage] {
        switch self {
        case .chat(let messages, _): messages
        case .text(let text): [ChatMessage(role: "user", content: text)]
        }
    }

    /// The tools of a chat: a JSON list as text.
    var tools: String? {
        if case .chat(_, let tools) = self { tools } else { nil }
    }
}

/// Reads the fields of a prompt's metadata.
enum MetadataField {
    /// The field's text; a number or truth value as JSON writes it. Throws `missingField`.
    static func text(_ name: String, of prompt: Prompt) throws(ModelError) -> String {
        let object = try decode([String: Value].self, prompt)
        guard let value = object[name], let text = value.text else {
            throw missing(name, "that is a text or number", prompt, known: object.keys)
        }
        return text
    }

    /// The field as it is. Throws `missingField`.
    static func value(_ name: String, of prompt: Prompt) throws(ModelError) -> JSONValue {
        let object = try all(of: prompt)
        guard let value = object[name] else {
            throw missing(name, "in its metadata", prompt, known: object.keys)
        }
        return value
    }

    /// All fields. Throws `missingField`.
    static func all(of prompt: Prompt) throws(ModelError) -> [String: JSONValue] {
        try decode([String: JSONValue].self, prompt)
    }

    private static func decode<Object: Decodable>(_ type: Object.Type, _ prompt: Prompt)
        throws(ModelError) -> Object
    {
        do {
            return try BoundedJSON.decode(type, from: Data(prompt.metadata.utf8))
        } catch {
            throw ModelError(
                .missingField, "the metadata of prompt `\(prompt.key)` is no JSON object")
        }
    }

    private static func missing(
        _ name: String, _ what: String, _ prompt: Prompt, known: some Collection<String>
    ) -> ModelError {
        let known = known.sorted().prefix(20).joined(separator: ", ")
        return ModelError(
            .missingField,
            "prompt `\(prompt.key)` has no field `\(name)` \(what); its fields: "
                + (known.isEmpty ? "none" : known))
    }

    private struct Value: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let flag = try? container.decode(Bool.self) {
                text = "\(flag)"
            } else if let number = try? container.decode(Int64.self) {
                text = "\(number)"
            } else if let number = try? container.decode(Double.self) {
                text = "\(number)"
            } else {
                text = nil
            }
        }
    }
}
