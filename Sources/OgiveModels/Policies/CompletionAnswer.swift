/// The answer of `/v1/chat/completions` and `/v1/completions`, in the shapes of llama.cpp and vLLM.
struct CompletionAnswer: Decodable {
    /// One completion.
    struct Choice: Decodable {
        var index: Int
        var finish_reason: String?
        var text: String?
        var message: Message?
        var logprobs: TokenLogProbabilities?
        var token_ids: [Int]?
    }

    /// The message of a chat choice.
    struct Message: Decodable {
        var content: String?
        /// What a server's parsers cut out of the text; sampled text must not be cut.
        var reasoning: String?
        var reasoning_content: String?
        var tool_calls: [Ignored]?
        var function_call: Ignored?

        /// What was cut out of the text, as the server's setting for it is called; `nil` when the
        /// text is whole.
        var cut: String? {
            if [reasoning, reasoning_content].contains(where: { $0?.isEmpty == false }) {
                return "reasoning parser"
            }
            return tool_calls?.isEmpty == false || function_call != nil ? "tool parser" : nil
        }
    }

    /// Any value.
    struct Ignored: Decodable {
        init(from decoder: any Decoder) {}
    }

    /// Tokens spent, on all choices or (llama.cpp) on one.
    struct Usage: Decodable {
        var completion_tokens: Int?
        var prompt_tokens: Int?
    }

    var model: String?
    var choices: [Choice]
    var usage: Usage?
}

/// The log-probabilities of one choice: `content[].logprob`, or `token_logprobs[]` on vLLM's
/// `/v1/completions`.
struct TokenLogProbabilities: Decodable {
    /// One value for each sampled token, the end token included; `nil` inside where the server
    /// gives none.
    var values: [Double?]
    /// The tokens' ids, where each entry has one (llama.cpp).
    var ids: [Int]?

    private enum Keys: String, CodingKey {
        case content
        case tokenLogprobs = "token_logprobs"
    }

    private struct Token: Decodable {
        var id: Int?
        var logprob: Double?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        if let tokens = try container.decodeIfPresent([Token].self, forKey: .content) {
            values = tokens.map(\.logprob)
            let known = tokens.compactMap(\.id)
            ids = known.count == tokens.count ? known : nil
        } else {
            values = try container.decode([Double?].self, forKey: .tokenLogprobs)
        }
    }
}
