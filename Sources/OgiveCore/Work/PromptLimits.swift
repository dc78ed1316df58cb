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
