internal import FoundationEssentials
internal import OgiveCore

extension ServerProfile.Kind {
    /// Those that are known by a page of theirs, in the order in which they are looked for.
    static let recognisable: [Self] = [.llamaCpp, .sglang, .tei, .tgi, .ollama, .vLLM]

    /// The pages that tell what this kind of server is.
    package var pages: [String] {
        switch self {
        case .llamaCpp: ["/props"]
        case .sglang: ["/get_server_info"]
        case .tei, .tgi: ["/info"]
        case .ollama: ["/api/version", "/api/tags"]
        case .vLLM: ["/version"]
        case .openAI, .other: []
        }
    }

    /// What identifies the model as served, beside its name; `nil` where the pages are not those
    /// of this kind. `entry` is the model's in `/v1/models`.
    func facts(_ pages: [String: Data], _ entry: ModelList.Entry? = nil) -> [String: String]? {
        switch self {
        case .llamaCpp:
            return LlamaProps.read(pages)?.facts(entry)
        case .sglang:
            guard let info = read(SGLangInfo.self, pages) else { return nil }
            return Self.common(entry).merging(
                [
                    "version": info.version,
                    "deterministic": info.enable_deterministic_inference.map { "\($0)" },
                ].compactMapValues(\.self)
            ) { $1 }
        case .tei:
            return TEIInfo.read(pages)?.facts
        case .tgi:
            guard let info = read(TGIInfo.self, pages) else { return nil }
            return [
                "version": info.version, "root": info.model_id, "sha": info.model_sha,
                "max_model_len": "\(info.max_total_tokens)",
            ].compactMapValues(\.self)
        case .ollama:
            guard let version = read(Version.self, pages) else { return nil }
            let tags = pages["/api/tags"].flatMap {
                try? BoundedJSON.decode(OllamaTags.self, from: $0)
            }
            let digest = tags?.models.first { $0.name == entry?.id }?.digest
            return ["version": version.version, "digest": digest].compactMapValues(\.self)
        case .vLLM:
            guard let version = read(Version.self, pages) else { return nil }
            return Self.common(entry).merging(["version": version.version]) { $1 }
        case .openAI, .other:
            return Self.common(entry)
        }
    }

    private static func common(_ entry: ModelList.Entry?) -> [String: String] {
        ["root": entry?.root, "max_model_len": entry?.max_model_len.map { "\($0)" }]
            .compactMapValues(\.self)
    }

    private func read<Page: Decodable>(_ type: Page.Type, _ pages: [String: Data]) -> Page? {
        guard let path = self.pages.first, let page = pages[path] else { return nil }
        return try? BoundedJSON.decode(type, from: page)
    }
}
