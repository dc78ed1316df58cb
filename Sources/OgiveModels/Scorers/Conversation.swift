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
