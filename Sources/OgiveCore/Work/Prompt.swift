/// What is put to the policy.
package enum PromptContent: Sendable {
    /// A conversation; a last turn of the assistant is a partial answer to be continued. `tools`
    /// are those that the policy gets: a JSON list as text, with its keys in their order.
    case chat([ChatMessage], tools: String? = nil)
    /// A plain text to be continued.
    case text(String)
}

/// A prompt as workers see it.
package struct Prompt: Hashable, Sendable {
    /// The row in the database.
    package var id: PromptID
    /// The name within its set, given by the user or the SHA-256 of the canonical content.
    package var key: String
    /// What is put to the policy.
    package var content: PromptContent
    /// The other fields of the imported row: a JSON object as text.
    package var metadata: String

    /// Joins the parts.
    package init(id: PromptID, key: String, content: PromptContent, metadata: String) {
        self.id = id
        self.key = key
        self.content = content
        self.metadata = metadata
    }
}

extension PromptContent: Hashable {
    // By bytes, see `ExactText`.
    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.text(let left), .text(let right)): ExactText(left) == ExactText(right)
        case (.chat(let left, let leftTools), .chat(let right, let rightTools)):
            left == right && leftTools.map(ExactText.init) == rightTools.map(ExactText.init)
        case (.text, .chat), (.chat, .text): false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .text(let text): hasher.combine(text)
        case .chat(let messages, let tools):
            hasher.combine(messages)
            hasher.combine(tools)
        }
    }
}

extension PromptContent: Codable {
    private enum CodingKeys: String, CodingKey {
        case messages, text, tools
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let messages = try container.decodeIfPresent([ChatMessage].self, forKey: .messages) {
            let tools = try container.decodeIfPresent(String.self, forKey: .tools)
            self = .chat(messages, tools: tools)
        } else {
            self = .text(try container.decode(String.self, forKey: .text))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .chat(let messages, let tools):
            try container.encode(messages, forKey: .messages)
            try container.encodeIfPresent(tools, forKey: .tools)
        case .text(let text): try container.encode(text, forKey: .text)
        }
    }

    /// What identifies the content: the key of a prompt that was given none.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: canonical)
    }

    /// The length of what is put to the policy, in bytes.
    package var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .chat(let messages, let tools):
            messages.reduce(tools?.utf8.count ?? 0) { $0 + $1.byteCount }
        }
    }

    /// What a chat says beside roles and texts, in words; `nil` when there is nothing.
    package var beyondTexts: String? {
        guard case .chat(let messages, let tools) = self else { return nil }
        var names: [String] = tools == nil ? [] : ["tools"]
        if messages.contains(where: { $0.toolCalls != nil }) { names.append("tool_calls") }
        if messages.contains(where: { $0.toolCallID != nil }) { names.append("tool_call_id") }
        if messages.contains(where: { $0.reasoning != nil }) { names.append("reasoning_content") }
        if messages.contains(where: { $0.name != nil }) { names.append("name") }
        return names.isEmpty ? nil : names.map { "`\($0)`" }.joined(separator: ", ")
    }
}

extension Prompt {
    /// The length of what is put to the policy, in bytes.
    package var byteCount: Int { content.byteCount }
}

/// One turn of a chat.
///
/// Fields that are not there leave no trace in the canonical form, so that a turn of a role and a
/// text alone has the identity that it always had.
package struct ChatMessage: Sendable, Codable {
    /// `system`, `user`, `assistant`, or any role that the policy's chat template knows.
    package var role: String
    /// The text of the turn.
    package var content: String
    /// Who speaks, where several have one role.
    package var name: String?
    /// The reasoning that came before the text.
    package var reasoning: String?
    /// The call that this turn of a tool answers.
    package var toolCallID: String?
    /// The tools that this turn calls: a JSON list as text, because chat templates write keys in
    /// the order that they are given in.
    package var toolCalls: String?

    private enum CodingKeys: String, CodingKey {
        case role, content, name
        case reasoning = "reasoning_content"
        case toolCallID = "tool_call_id"
        case toolCalls = "tool_calls"
    }

    /// Joins role and text.
    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    /// Whether there is nothing but a role and a text.
    package var isPlain: Bool {
        name == nil && reasoning == nil && toolCallID == nil && toolCalls == nil
    }

    /// The length of all texts, in bytes.
    package var byteCount: Int {
        var count = role.utf8.count + content.utf8.count
        for text in [name, reasoning, toolCallID, toolCalls] { count += text?.utf8.count ?? 0 }
        return count
    }

    /// All texts that are there, the role first.
    package var texts: [String] {
        [role, content, name, reasoning, toolCallID, toolCalls].compactMap { $0 }
    }

    private var fields: [ExactText?] {
        [role, content, name, reasoning, toolCallID, toolCalls].map { $0.map(ExactText.init) }
    }
}

extension ChatMessage: Hashable {
    // By bytes, see `ExactText`.
    package static func == (left: Self, right: Self) -> Bool { left.fields == right.fields }

    package func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}
