/// The answer of Ollama's `/api/chat` (`message`) and `/api/generate` (`response`).
struct OneChoiceAnswer: Decodable {
    /// The message of a chat.
    struct Message: Decodable {
        var content: String?
        var thinking: String?
        var tool_calls: [CompletionAnswer.Ignored]?
    }

    var model: String?
    var message: Message?
    var response: String?
    var thinking: String?
    var done: Bool
    var done_reason: String?
    var eval_count: Int?
    var prompt_eval_count: Int?

    /// The same in the shape of the other servers.
    var answer: CompletionAnswer {
        CompletionAnswer(
            model: model,
            choices: [
                CompletionAnswer.Choice(
                    index: 0, finish_reason: done_reason,
                    // A message where something was cut out of the text, to be refused as such.
                    text: isCut ? nil : message?.content ?? response,
                    message: isCut ? cutMessage : nil)
            ],
            usage: CompletionAnswer.Usage(
                completion_tokens: eval_count, prompt_tokens: prompt_eval_count))
    }

    private var isCut: Bool {
        [thinking, message?.thinking].contains { $0?.isEmpty == false }
            || message?.tool_calls?.isEmpty == false
    }

    private var cutMessage: CompletionAnswer.Message {
        CompletionAnswer.Message(
            content: nil, reasoning: message?.thinking ?? thinking, tool_calls: message?.tool_calls)
    }
}
