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

/// The answer of `/classify` (`probs`, `num_classes`) and `/pooling` (`data`).
struct PoolingAnswer: Decodable {
    /// One score.
    struct Entry: Decodable {
        var index: Int
        var num_classes: Int?
        var probs: [Double?]?
        var data: [Double?]?

        /// The raw logit.
        func reward(url: String) throws(ModelError) -> Double {
            guard let values = probs ?? data else {
                throw ModelError(.malformed, "\(url) answered an entry without a score")
            }
            guard values.count == 1, (num_classes ?? 1) == 1 else {
                throw ModelError(
                    .misconfigured,
                    "\(url) answered \(max(values.count, num_classes ?? 0)) numbers for one "
                        + "conversation; serve a reward model with one label (num_labels: 1)")
            }
            guard let reward = values[0], reward.isFinite else {
                throw ModelError(
                    .notFinite, "\(url) answered a reward that is no finite number")
            }
            return reward
        }
    }

    var data: [Entry]
}
