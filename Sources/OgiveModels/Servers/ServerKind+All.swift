extension ServerKind {
    /// All kinds, in the order in which messages name them.
    package static let all: [ServerKind] = [
        .vLLM, .sglang, .tei, .llamaCpp, .tgi, .ollama, .openAI, .other,
    ]

    /// Those that are known by pages of theirs, in the order in which they are looked for. vLLM
    /// comes last: other servers may have a page of the same name.
    static let recognised: [ServerKind] = [.llamaCpp, .sglang, .tei, .tgi, .ollama, .vLLM]

    /// The kind of the server at an address that says it by itself; `nil` for any other address.
    static func at(_ url: ModelURL) -> ServerKind? {
        all.first { kind in kind.address.map { url.base.hasPrefix($0) } ?? false }
    }
}
