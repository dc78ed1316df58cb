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
