package import OgiveCore
package import FoundationEssentials

/// What a model server is and serves, as it says itself.
package struct ServerProfile: Hashable, Sendable {
    /// The servers whose requests and answers differ.
    package enum Kind: String, Sendable {
        /// llama.cpp's HTTP server.
        case llamaCpp = "llama.cpp"
        /// vLLM.
        case vLLM
        /// Any other server with OpenAI's endpoints.
        case other = "openai-compatible"
    }

    /// Which server it is.
    package var kind: Kind
    /// The names of the models that it serves; never empty.
    package var models: [String]
    /// Most choices of one request; `nil` when the server does not tell.
    package var slots: Int?
    /// What identifies the model as served. The same after a restart of the same server: neither
    /// times nor ports nor paths of one machine are in it.
    package var facts: [String: String]

    /// Most bytes of a fact: fingerprints go over the wire.
    static let factBytesMax = 4_096

    /// Reads the server's pages. Throws `wrongModel` when it does not serve `model`.
    package static func read(_ http: ModelHTTP, model: String) async throws(ModelError)
        -> ServerProfile
    {
        let models = try await http.get("/v1/models")
        let props = try await page("/props", http)
        // Only one kind of server has each of the pages.
        let isLlama = props.flatMap(llamaProps) != nil
        let version = isLlama ? nil : try await page("/version", http)
        return try ServerProfile(
            models: models, props: props, version: version, model: model, url: "\(http.url)")
    }

    /// Makes a profile of the pages `/v1/models`, `/props` (llama.cpp) and `/version` (vLLM);
    /// `nil` where the server has none. Another server may answer anything under the last two.
    package init(models: Data, props: Data?, version: Data?, model: String, url: String)
        throws(ModelError)
    {
        let list = try ServerAnswer.decode(ModelList.self, models, url: url + "/v1/models")
        let served = list.data.flatMap { entry in
            [entry.id] + (entry.aliases ?? []).filter { $0 != entry.id }
        }
        guard let entry = list.data.first(where: { $0.names(model) }) else {
            let names = served.prefix(20).map { String($0.prefix(100)) }
            throw ModelError(
                .wrongModel,
                "\(url) does not serve a model named `\(model)`; it serves: "
                    + (names.isEmpty ? "none" : names.joined(separator: ", ")))
        }
        var profile = ServerProfile(kind: .other, models: served)
        if let props = props.flatMap(Self.llamaProps) {
            profile.kind = .llamaCpp
            profile.slots = props.total_slots
            profile.facts = Self.llamaFacts(entry, props)
        } else {
            if let version = version.flatMap({ try? BoundedJSON.decode(Version.self, from: $0) }) {
                profile.kind = .vLLM
                profile.facts["version"] = version.version
            }
            profile.facts["root"] = entry.root
            profile.facts["max_model_len"] = entry.max_model_len.map { "\($0)" }
        }
        profile.facts["model"] = model
        profile.facts["server"] = profile.kind.rawValue
        if let long = profile.facts.keys.sorted().first(where: {
            profile.facts[$0]?.utf8.count ?? 0 > Self.factBytesMax
        }) {
            throw ModelError(
                .malformed, "\(url) says more than \(Self.factBytesMax) bytes of its `\(long)`")
        }
        self = profile
    }

    private init(kind: Kind, models: [String]) {
        self.kind = kind
        self.models = models
        facts = [:]
    }

    private static func llamaProps(_ page: Data) -> LlamaProps? {
        try? BoundedJSON.decode(LlamaProps.self, from: page)
    }

    private static func llamaFacts(_ entry: ModelList.Entry, _ props: LlamaProps) -> [String:
        String]
    {
        var facts: [String: String] = [:]
        facts["version"] = props.build_info
        facts["n_ctx"] = props.default_generation_settings?.n_ctx.map { "\($0)" }
        facts["n_params"] = entry.meta?.n_params.map { "\($0)" }
        facts["n_vocab"] = entry.meta?.n_vocab.map { "\($0)" }
        facts["size"] = entry.meta?.size.map { "\($0)" }
        facts["ftype"] = entry.meta?.ftype
        facts["chat_template_sha256"] = props.chat_template.map {
            SHA256Digest(hashing: $0).hex
        }
        return facts
    }

    /// A page that only one kind of server has; `nil` when this server lacks it.
    private static func page(_ path: String, _ http: ModelHTTP) async throws(ModelError) -> Data? {
        do throws(ModelError) {
            return try await http.get(path)
        } catch {
            if error.code == .unsupported || error.code == .rejected { return nil }
            throw error
        }
    }
}
