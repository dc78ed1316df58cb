/// One turn of a chat.
package struct ChatMessage: Hashable, Sendable, Codable {
    /// `system`, `user`, `assistant`, or any role that the policy's chat template knows.
    package var role: String
    /// The text of the turn.
    package var content: String

    /// Joins role and text.
    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// What is put to the policy.
package enum PromptContent: Hashable, Sendable {
    /// A conversation; a last turn of the assistant is a partial answer to be continued.
    case chat([ChatMessage])
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

extension PromptContent: Codable {
    private enum CodingKeys: String, CodingKey {
        case messages, text
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let messages = try container.decodeIfPresent([ChatMessage].self, forKey: .messages) {
            self = .chat(messages)
        } else {
            self = .text(try container.decode(String.self, forKey: .text))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .chat(let messages): try container.encode(messages, forKey: .messages)
        case .text(let text): try container.encode(text, forKey: .text)
        }
    }

    /// What identifies the content: the key of a prompt that was given none.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: CanonicalJSON.encode(self))
    }
}

extension Prompt {
    /// The length of what is put to the policy, in bytes.
    package var byteCount: Int {
        switch content {
        case .text(let text): text.utf8.count
        case .chat(let messages): messages.reduce(0) { $0 + $1.content.utf8.count }
        }
    }
}
