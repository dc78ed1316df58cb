package import OgiveCore

/// A prompt and its completion as reward models see them.
///
/// A plain text counts as one user turn. A partial turn of the assistant at the end of a chat is
/// joined with the completion, which continues it.
package struct Conversation: Hashable, Sendable {
    /// The turns before the assistant's last one.
    package var context: [ChatMessage]
    /// The assistant's last turn, whole.
    package var reply: String
    /// The tools that the policy got: a JSON list as text.
    package var tools: String?

    /// Joins turns and reply.
    init(context: [ChatMessage], reply: String) {
        self.context = context
        self.reply = reply
    }

    /// Joins prompt and completion.
    package init(_ request: ScoreRequest) {
        switch request.prompt.content {
        case .text(let text):
            context = [ChatMessage(role: "user", content: text)]
            reply = request.completion
        case .chat(let messages, let tools):
            self.tools = tools
            if let last = messages.last, last.role == "assistant" {
                context = Array(messages.dropLast())
                reply = last.content + request.completion
            } else {
                context = messages
                reply = request.completion
            }
        }
    }

    /// All turns.
    package var messages: [ChatMessage] {
        context + [ChatMessage(role: "assistant", content: reply)]
    }

    /// The user's text when there is one user turn and nothing else; templates with one place for
    /// the query cannot carry more.
    package var query: String? {
        guard context.count == 1, context[0].role == "user", context[0].isPlain, tools == nil
        else { return nil }
        return context[0].content
    }

    /// A chat that ends with the assistant's turn, with more text in that turn.
    static func extending(_ messages: [ChatMessage], by text: String) -> [ChatMessage] {
        guard var last = messages.last else { return [] }
        last.content += text
        return messages.dropLast() + [last]
    }
}

/// How a reward model's text is made of a query and a document, special tokens included:
/// `<|bos|><|user|>{query}<|end|><|assistant|>{document}<|end|>`.
package struct ScoreTemplate: Hashable, Sendable {
    /// The template.
    package let text: String

    private let before: String
    private let between: String
    private let after: String

    /// Takes a template with `{query}` and then `{document}`, once each.
    package init(_ text: String) throws(ModelError) {
        let outer = text.split(separator: "{query}", omittingEmptySubsequences: false)
        let inner = outer.last?.split(separator: "{document}", omittingEmptySubsequences: false)
        guard outer.count == 2, let inner, inner.count == 2, !outer[0].contains("{document}")
        else {
            throw ModelError(
                .misconfigured,
                "the template must hold {query} and then {document}, once each: "
                    + "\(text.prefix(200))")
        }
        self.text = text
        before = String(outer[0])
        between = String(inner[0])
        after = String(inner[1])
    }

    /// The text of a conversation; `rejected` when it is more than one user turn.
    func render(_ conversation: Conversation, key: String) -> Result<String, ModelError> {
        guard let query = conversation.query else {
            return .failure(
                ModelError(
                    .rejected,
                    "prompt `\(key)` is more than one user turn, which the template cannot "
                        + "carry; leave the template out, so that the server renders the chat"))
        }
        return .success(before + query + between + conversation.reply + after)
    }
}
