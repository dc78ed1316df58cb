internal import OgiveModels

/// `policy.server`: which server a policy is behind, when that is not for the server to say.
enum ServerChoice: String, CaseIterable, Sendable {
    case auto, vllm, sglang
    case llamaCpp = "llama.cpp"
    case tgi, ollama, openai, other

    /// The server; `nil` asks it.
    var kind: ServerProfile.Kind? {
        switch self {
        case .auto: nil
        case .vllm: .vLLM
        case .sglang: .sglang
        case .llamaCpp: .llamaCpp
        case .tgi: .tgi
        case .ollama: .ollama
        case .openai: .openAI
        case .other: .other
        }
    }
}
