extension PolicySpec {
    /// Names of fields that `extraBody` cannot hold: Ogive sets them, or what they do would change
    /// what a draw, its seed or its log-probability is.
    package static let reservedFields: Set<String> = [
        "model", "messages", "prompt", "input", "n", "best_of", "seed", "stream", "stop",
        "temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens",
        "max_new_tokens", "n_predict", "num_predict", "options", "parameters", "raw", "truncate",
        "shift", "logprobs", "top_logprobs", "prompt_logprobs", "n_probs", "echo", "suffix",
        "presence_penalty", "frequency_penalty", "repetition_penalty", "repeat_penalty",
        "return_token_ids", "return_tokens", "continue_final_message", "add_generation_prompt",
        "reasoning_format", "separate_reasoning", "truncate_prompt_tokens", "use_beam_search",
    ]
    /// Most bytes of `extraBody` as JSON.
    static let extraBodyBytesMax = 65_536

    /// What is wrong with `extraBody`, as a sentence that names the key; `nil` when it is valid.
    package var extraBodyProblem: String? {
        guard let extraBody else { return nil }
        let reserved = extraBody.keys.filter(Self.reservedFields.contains).sorted()
        if let name = reserved.first {
            return "extra_body must not hold `\(name)`, which Ogive sets itself: use "
                + "`policy.sampling` and the other keys of `policy`"
        }
        if CanonicalJSON.encode(extraBody).count > Self.extraBodyBytesMax {
            return "extra_body must not be longer than \(Self.extraBodyBytesMax) bytes"
        }
        return nil
    }
}
