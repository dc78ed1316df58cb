internal import OgiveCore

extension FinishReason {
    /// What a server's word for the end of a completion means.
    enum Meaning {
        /// There is a completion, which ended so.
        case ended(FinishReason)
        /// The server gave the request up: it says nothing of what would have been sampled.
        case givenUp
        /// What was sampled was withheld, or cut off, for what it says.
        case filtered
        /// What was sampled was read as a tool call.
        case toolCall
    }

    /// The meaning of `name` in any server's spelling; an unknown word is another reason.
    static func meaning(of name: String?) -> Meaning {
        switch name?.lowercased() {
        case "stop", "eos", "eos_token", "stop_sequence", "end_turn", "end": .ended(.stop)
        case "length", "max_tokens", "max_output_tokens", "max_length", "model_length":
            .ended(.length)
        // `load`: Ollama loaded the model and did nothing else.
        case "abort", "aborted", "cancelled", "canceled", "error", "load", "unload": .givenUp
        case "content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii",
            "refusal", "guardrail_intervened":
            .filtered
        case "tool_calls", "tool_call", "tool_use", "function_call": .toolCall
        default: .ended(.other)
        }
    }
}
