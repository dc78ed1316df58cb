internal import OgiveCore
/// The body of `/v1/chat/completions` and `/v1/completions`, with every sampling parameter given:
/// servers' own defaults are not neutral, and unknown fields are ignored by both servers.
struct CompletionRequest: Encodable, Sendable {
    /// What is continued.
    enum Input: Sendable {
        case messages([ChatMessage])
        /// A chat whose last turn, the assistant's, is continued rather than answered.
        case partial([ChatMessage])
        case text(String)
    }

    var model: String
    var input: Input
    var parameters: SamplingParameters
    var seed: UInt32
    var count: Int
    var logProbabilities: Bool
    var server: ServerProfile.Kind

    private enum Keys: String, CodingKey {
        case model, messages, prompt, temperature, stop, seed, n, logprobs
        case topP = "top_p"
        case topK = "top_k"
        case minP = "min_p"
        case maxTokens = "max_tokens"
        case topLogprobs = "top_logprobs"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
        case repeatPenalty = "repeat_penalty"
        case repetitionPenalty = "repetition_penalty"
        case reasoningFormat = "reasoning_format"
        case returnTokenIDs = "return_token_ids"
        case continueFinalMessage = "continue_final_message"
        case addGenerationPrompt = "add_generation_prompt"
        case stream
    }

    func encode(to encoder: any Encoder) throws {
        var body = encoder.container(keyedBy: Keys.self)
        try body.encode(model, forKey: .model)
        try body.encode(parameters.temperature, forKey: .temperature)
        try body.encode(parameters.topP, forKey: .topP)
        try body.encode(parameters.topK, forKey: .topK)
        try body.encode(parameters.minP, forKey: .minP)
        try body.encode(parameters.maxTokens, forKey: .maxTokens)
        try body.encode(parameters.stop, forKey: .stop)
        try body.encode(seed, forKey: .seed)
        try body.encode(count, forKey: .n)
        try body.encode(false, forKey: .stream)
        try encodePenalties(&body)
        try encodeInput(&body)
    }

    /// A model folder's generation_config.json may hold a repetition penalty, which would change
    /// the distribution silently.
    private func encodePenalties(_ body: inout KeyedEncodingContainer<Keys>) throws {
        switch server {
        case .llamaCpp:
            try body.encode(1, forKey: .repeatPenalty)
        case .vLLM:
            try body.encode(1, forKey: .repetitionPenalty)
        case .other:
            return
        }
        try body.encode(0, forKey: .presencePenalty)
        try body.encode(0, forKey: .frequencyPenalty)
    }

    private func encodeInput(_ body: inout KeyedEncodingContainer<Keys>) throws {
        // Token ids give the token count where log-probabilities are not asked for.
        if server == .vLLM, !logProbabilities { try body.encode(true, forKey: .returnTokenIDs) }
        switch input {
        case .text(let prompt):
            try body.encode(prompt, forKey: .prompt)
            // vLLM: alternatives besides the sampled token. llama.cpp: 0 means none at all.
            if logProbabilities {
                try body.encode(server == .llamaCpp ? 1 : 0, forKey: .logprobs)
            }
        case .messages(let messages), .partial(let messages):
            try body.encode(messages, forKey: .messages)
            if logProbabilities {
                try body.encode(true, forKey: .logprobs)
                try body.encode(server == .llamaCpp ? 1 : 0, forKey: .topLogprobs)
            }
            // llama.cpp cuts thoughts out of the text unless told otherwise.
            if server == .llamaCpp { try body.encode("none", forKey: .reasoningFormat) }
            if case .partial = input {
                try body.encode(true, forKey: .continueFinalMessage)
                try body.encode(false, forKey: .addGenerationPrompt)
            }
        }
    }
}
