internal import OgiveCore

/// The answer of Ollama's `/api/chat` (`message`) and `/api/generate` (`response`).
struct OneChoiceAnswer: Decodable {
    /// The message of a chat.
    struct Message: Decodable {
        var content: String?
        var thinking: String?
        var tool_calls: JSONValue?
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
        let choice = CompletionAnswer.Choice(
            index: 0, finishReason: done_reason, text: message?.content ?? response, cut: cut)
        return CompletionAnswer(
            model: model, choices: [.choice(choice)],
            usage: CompletionAnswer.Usage(
                completionTokens: eval_count, promptTokens: prompt_eval_count))
    }

    private var cut: String? {
        if [thinking, message?.thinking].contains(where: { $0?.isEmpty == false }) {
            return "reasoning parser"
        }
        return message?.tool_calls?.isFilled == true ? "tool parser" : nil
    }
}
