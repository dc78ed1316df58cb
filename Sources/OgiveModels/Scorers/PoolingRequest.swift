internal import OgiveCore

/// The body of vLLM's `/classify` and `/pooling`.
struct PoolingRequest: Encodable, Sendable {
    /// What is scored.
    enum Input: Sendable {
        case messages([ChatMessage])
        case texts([String])
    }

    var model: String
    var input: Input

    private enum Keys: String, CodingKey {
        case model, messages, input
        case useActivation = "use_activation"
        case addSpecialTokens = "add_special_tokens"
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: Keys.self)
        try body.encode(model, forKey: .model)
        // Without this the server squashes the reward by a sigmoid.
        try body.encode(false, forKey: .useActivation)
        switch input {
        case .messages(let messages):
            try body.encode(messages, forKey: .messages)
        case .texts(let texts):
            try body.encode(texts, forKey: .input)
            // The text holds its special tokens: a second <bos> would change the reward silently.
            try body.encode(false, forKey: .addSpecialTokens)
        }
    }
}
