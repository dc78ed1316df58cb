/// A prompt as read from a file, on its way into a prompt set.
package struct ImportedPrompt: Hashable, Sendable {
    /// The name within its set, 1 to `keyBytesMax` bytes; `nil` takes the digest of the content.
    package var key: String?
    /// What is put to the policy.
    package var content: PromptContent
    /// The other fields of the row: a JSON object as text.
    package var metadata: String
    /// Completions that came along.
    package var candidates: [ImportedCandidate]
    /// Completions of a reference policy that came along, where they are to be adopted.
    package var adopted: [AdoptedCompletion] = []

    /// Longest key, in bytes.
    package static let keyBytesMax = 1000

    /// Joins the parts.
    package init(
        key: String?, content: PromptContent, metadata: String, candidates: [ImportedCandidate]
    ) {
        self.key = key
        self.content = content
        self.metadata = metadata
        self.candidates = candidates
    }
}

/// A completion that came with a prompt: to be scored, not sampled.
package struct ImportedCandidate: Hashable, Sendable {
    /// `chosen`, `rejected`, or any label.
    package var label: String
    /// The completion.
    package var text: String
    /// What the file says of it, for example a reward: a JSON object as text.
    package var metadata: String

    /// Joins the parts.
    package init(label: String, text: String, metadata: String = "{}") {
        self.label = label
        self.text = text
        self.metadata = metadata
    }
}

/// Which fields of the metadata of prompts something reads.
package enum MetadataUse: Hashable, Sendable {
    /// Not one.
    case none
    /// These.
    case fields(Set<String>)
    /// All that there are.
    case all

    /// Whether it reads a field.
    package func reads(_ field: String) -> Bool {
        switch self {
        case .none: false
        case .fields(let names): names.contains(field)
        case .all: true
        }
    }

    /// What both read.
    package func union(_ other: MetadataUse) -> MetadataUse {
        switch (self, other) {
        case (.all, _), (_, .all): .all
        case (.none, let use), (let use, .none): use
        case (.fields(let left), .fields(let right)): .fields(left.union(right))
        }
    }
}

/// How large a prompt may be. The reader of files, the store and the wire hold to the same bounds,
/// so that nothing is imported that could not be sent to a worker.
package enum PromptLimits {
    /// Most bytes of a key.
    package static let keyBytes = ImportedPrompt.keyBytesMax
    /// Most bytes of one text: a plain prompt, a turn, tools, a candidate, the metadata.
    package static let textBytes = 16 << 20
    /// Most bytes of a role, of a name within a chat, and of a candidate's label.
    package static let nameBytes = 1 << 10
    /// Most turns of a chat.
    package static let turns = 10_000
    /// Most bytes of content and metadata together: a message of the wire holds them both.
    package static let bytes = 24 << 20

    /// What is too large in a prompt and its candidates, in words; `nil` when all fits.
    package static func excess(of prompt: ImportedPrompt) -> String? {
        // Where all of a plain prompt is shorter than the least bound, there is nothing to look at.
        if case .text(let text) = prompt.content, prompt.candidates.isEmpty,
            prompt.adopted.isEmpty, text.utf8.count + prompt.metadata.utf8.count <= textBytes
        {
            return nil
        }
        var texts: [(name: String, text: String?)] = [("metadata", prompt.metadata)]
        var names: [(name: String, text: String?)] = []
        switch prompt.content {
        case .text(let text): texts.append(("the prompt", text))
        case .chat(let messages, let tools):
            if messages.count > turns {
                return "the chat has \(messages.count) turns, more than \(turns)"
            }
            texts.append(("`tools`", tools))
            for message in messages {
                texts += [
                    ("a turn", message.content), ("`reasoning_content`", message.reasoning),
                    ("`tool_calls`", message.toolCalls),
                ]
                names += [
                    ("a role", message.role), ("`name`", message.name),
                    ("`tool_call_id`", message.toolCallID),
                ]
            }
        }
        texts += prompt.adopted.map { ("a completion", $0.text ?? $0.error) }
        texts += prompt.candidates.map { ("the candidate `\($0.label.prefix(40))`", $0.text) }
        names += prompt.candidates.map { ("a candidate's label", $0.label) }
        for (name, text) in names where (text?.utf8.count ?? 0) > nameBytes {
            return "\(name) has \(text?.utf8.count ?? 0) bytes, more than \(nameBytes)"
        }
        for (name, text) in texts where (text?.utf8.count ?? 0) > textBytes {
            return "\(name) has \(text?.utf8.count ?? 0) bytes, more than \(textBytes)"
        }
        let count = prompt.content.byteCount + prompt.metadata.utf8.count
        return count > bytes
            ? "prompt and metadata have \(count) bytes together, more than \(bytes)" : nil
    }
}
