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
        guard let server = Self.allCases.first(where: { $0.kind == profile.kind }) else {
            return nil
        }
        self = server
    }

    /// The same among all servers.
    var kind: ServerProfile.Kind {
        switch self {
        case .vLLM: .vLLM
        case .sglang: .sglang
        case .tei: .tei
        case .llamaCpp: .llamaCpp
        }
    }
}
