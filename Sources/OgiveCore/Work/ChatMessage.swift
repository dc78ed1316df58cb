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
    package var isPlain: Bool { fields.dropFirst(2).allSatisfy { $0 == nil } }

    /// The length of all texts, in bytes.
    package var byteCount: Int { fields.reduce(0) { $0 + ($1?.text.utf8.count ?? 0) } }

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
