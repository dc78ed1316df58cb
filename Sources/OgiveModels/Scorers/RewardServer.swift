/// The servers whose endpoints for rewards differ.
package enum RewardServer: String, Sendable, CaseIterable {
    /// vLLM: the activation is turned off in each request.
    case vLLM = "vllm"
    /// SGLang: its own `/classify` gives what the model's head gives.
    case sglang
    /// Hugging Face's Text Embeddings Inference.
    case tei
    /// llama.cpp's HTTP server.
    case llamaCpp = "llama.cpp"

    /// The server that a profile is of; `nil` for one that is not known.
    init?(_ profile: ServerProfile) {
        switch profile.kind.rawValue {
        case "vLLM": self = .vLLM
        case "SGLang": self = .sglang
        case "TEI": self = .tei
        case "llama.cpp": self = .llamaCpp
        default: return nil
        }
    }
}
