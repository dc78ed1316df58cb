internal import OgiveCore

extension CompletionAnswer {
    /// One completion, and what says that it is none, or not whole.
    struct Choice: Decodable {
        var index: Int
        var finishReason: String?
        /// The text; `nil` where the server answered null in its place.
        var text: String?
        /// What a server's parsers cut out of the text, as the server's setting for it is called;
        /// `nil` when the text is whole.
        var cut: String?
        /// What the server said in place of what was sampled.
        var refusal: String?
        /// What went wrong while it was sampled.
        var error: ServerErrorBody?
        var logprobs: TokenLogProbabilities?
        var tokenIDs: [Int]?

        init(index: Int, finishReason: String?, text: String?, cut: String?) {
            self.index = index
            self.finishReason = finishReason
            self.text = text
            self.cut = cut
        }
    }
}

extension CompletionAnswer.Choice {
    private enum Keys: String, CodingKey {
        case index, text, message, logprobs, error
        case finishReason = "finish_reason"
        case tokenIDs = "token_ids"
    }

    /// Fields of a message, or of a choice.
    private enum Parts: String, CodingKey {
        case content, refusal
        case reasoning, thinking
        case reasoningContent = "reasoning_content"
        case reasoningDetails = "reasoning_details"
        case thinkingBlocks = "thinking_blocks"
        case toolCalls = "tool_calls"
        case functionCall = "function_call"
    }

    private static let thoughts: [Parts] = [
        .reasoning, .thinking, .reasoningContent, .reasoningDetails, .thinkingBlocks,
    ]

    /// Throws when index or text cannot be read; log-probabilities that cannot be are not reported.
    init(from decoder: any Decoder) throws {
        let choice = try decoder.container(keyedBy: Keys.self)
        index = try choice.decode(Int.self, forKey: .index)
        finishReason = try? choice.decode(String.self, forKey: .finishReason)
        logprobs = try? choice.decodeIfPresent(TokenLogProbabilities.self, forKey: .logprobs)
        tokenIDs = try? choice.decodeIfPresent([Int].self, forKey: .tokenIDs)
        error = try? choice.decodeIfPresent(ServerErrorBody.self, forKey: .error)
        let own = try decoder.container(keyedBy: Parts.self)
        cut = Self.cut(own)
        if let text = try choice.decodeIfPresent(String.self, forKey: .text) {
            self.text = text
            return
        }
        // What failed need not have a text.
        if error != nil, !choice.contains(.message) { return }
        let message = try choice.nestedContainer(keyedBy: Parts.self, forKey: .message)
        cut = cut ?? Self.cut(message)
        refusal = try? message.decodeIfPresent(String.self, forKey: .refusal)
        guard let parts = try? message.decode([Part].self, forKey: .content) else {
            text = try message.decodeIfPresent(String.self, forKey: .content)
            return
        }
        if !parts.allSatisfy({ $0.type == "text" }) { cut = cut ?? "reasoning parser" }
        text = parts.compactMap(\.text).joined()
    }

    /// A part of a text that comes as a list.
    private struct Part: Decodable {
        var type: String
        var text: String?
    }

    private static func cut(_ parts: KeyedDecodingContainer<Parts>) -> String? {
        func holds(_ key: Parts) -> Bool {
            (try? parts.decodeIfPresent(JSONValue.self, forKey: key))?.isFilled == true
        }
        if thoughts.contains(where: holds) { return "reasoning parser" }
        return [Parts.toolCalls, .functionCall].contains(where: holds) ? "tool parser" : nil
    }
}
