internal import OgiveCore

/// The answer of `/v1/chat/completions` and `/v1/completions`, in the shapes of the servers.
struct CompletionAnswer: Decodable {
    /// A choice, or one that breaks the contract: its neighbours need not suffer for that.
    enum Entry: Decodable {
        case choice(Choice)
        /// `index` says which one it is, where it can be read.
        case unreadable(index: Int?)

        private enum Keys: String, CodingKey { case index }

        init(from decoder: any Decoder) throws {
            if let choice = try? Choice(from: decoder) {
                self = .choice(choice)
            } else {
                let entry = try? decoder.container(keyedBy: Keys.self)
                self = .unreadable(index: try? entry?.decode(Int.self, forKey: .index))
            }
        }
    }

    /// Tokens spent, on all choices or (llama.cpp) on one. A number that makes no sense is one that
    /// is not reported.
    struct Usage: Decodable {
        var completionTokens: Int?
        var promptTokens: Int?
        /// Tokens of thoughts that are not in the text.
        var reasoningTokens: Int?

        private enum Keys: String, CodingKey {
            case completionTokens = "completion_tokens"
            case promptTokens = "prompt_tokens"
            case details = "completion_tokens_details"
            case reasoningTokens = "reasoning_tokens"
        }

        init(completionTokens: Int?, promptTokens: Int?) {
            self.completionTokens = completionTokens
            self.promptTokens = promptTokens
        }

        init(from decoder: any Decoder) throws {
            let usage = try decoder.container(keyedBy: Keys.self)
            completionTokens = try? usage.decode(Int.self, forKey: .completionTokens)
            promptTokens = try? usage.decode(Int.self, forKey: .promptTokens)
            let details = try? usage.nestedContainer(keyedBy: Keys.self, forKey: .details)
            reasoningTokens = try? details?.decode(Int.self, forKey: .reasoningTokens)
        }
    }

    var model: String?
    var choices: [Entry]
    var usage: Usage?

    private enum Keys: String, CodingKey { case model, choices, usage }

    init(model: String?, choices: [Entry], usage: Usage?) {
        self.model = model
        self.choices = choices
        self.usage = usage
    }

    init(from decoder: any Decoder) throws {
        let answer = try decoder.container(keyedBy: Keys.self)
        model = try answer.decodeIfPresent(String.self, forKey: .model)
        choices = try answer.decode([Entry?].self, forKey: .choices)
            .map { $0 ?? .unreadable(index: nil) }
        usage = try? answer.decodeIfPresent(Usage.self, forKey: .usage)
    }
}

/// The log-probabilities of one choice: `content[].logprob`, or `token_logprobs[]` on vLLM's
/// `/v1/completions`.
struct TokenLogProbabilities: Decodable {
    /// One value for each sampled token, the end token included; `nil` inside where the server
    /// gives none, or what is no number.
    var values: [Double?]
    /// The tokens' ids, where each entry has one (llama.cpp).
    var ids: [Int]?

    private enum Keys: String, CodingKey {
        case content
        case tokenLogprobs = "token_logprobs"
    }

    private struct Token: Decodable {
        var id: Int?
        var value: Value

        private enum Keys: String, CodingKey { case id, logprob }

        init(from decoder: any Decoder) throws {
            let token = try decoder.container(keyedBy: Keys.self)
            id = try? token.decode(Int.self, forKey: .id)
            value = (try? token.decode(Value.self, forKey: .logprob)) ?? Value()
        }
    }

    /// A number, or not.
    private struct Value: Decodable {
        var number: Double?

        init() {}

        init(from decoder: any Decoder) throws {
            number = try? decoder.singleValueContainer().decode(Double.self)
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        if let tokens = try container.decodeIfPresent([Token].self, forKey: .content) {
            values = tokens.map(\.value.number)
            let known = tokens.compactMap(\.id)
            ids = known.count == tokens.count ? known : nil
        } else {
            values = try container.decode([Value?].self, forKey: .tokenLogprobs)
                .map { $0?.number }
        }
    }
}

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

extension FinishReason {
    /// What a server's word for the end of a completion means.
    enum Meaning: Sendable {
        /// There is a completion, which ended so.
        case ended(FinishReason)
        /// The server gave the request up: it says nothing of what would have been sampled.
        case givenUp
        /// What was sampled was withheld, or cut off, for what it says.
        case filtered
        /// What was sampled was read as a tool call.
        case toolCall
    }

    private static let meanings = ServerKind.all.reduce(into: [String: Meaning]()) {
        $0.merge($1.finishReasons) { first, _ in first }
    }

    /// The meaning of `name` in any server's spelling; an unknown word is another reason.
    static func meaning(of name: String?) -> Meaning {
        name.flatMap { meanings[$0.lowercased()] } ?? .ended(.other)
    }
}
