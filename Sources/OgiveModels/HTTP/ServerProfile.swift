package import OgiveCore
package import FoundationEssentials

/// What a model server is and serves, as it says itself.
package struct ServerProfile: Hashable, Sendable {
    /// The servers whose requests and answers differ; the raw values are part of fingerprints.
    package enum Kind: String, Sendable, CaseIterable {
        /// llama.cpp's HTTP server.
        case llamaCpp = "llama.cpp"
        /// vLLM.
        case vLLM
        /// SGLang.
        case sglang = "SGLang"
        /// Hugging Face's Text Embeddings Inference, which serves reward models.
        case tei = "TEI"
        /// Hugging Face's Text Generation Inference.
        case tgi = "TGI"
        /// Ollama.
        case ollama = "Ollama"
        /// OpenAI's API, and hosted ones that take its parameters only.
        case openAI = "OpenAI"
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

    /// Reads the server's pages. With a `kind` it is not asked which server it is. Throws
    /// `wrongModel` when it does not serve `model`.
    package static func read(_ http: ModelHTTP, model: String, kind: Kind? = nil)
        async throws(ModelError) -> ServerProfile
    {
        let kind = kind ?? (http.url.isOpenAI ? .openAI : nil)
        let models: Data?
        var absence: ModelError?
        do throws(ModelError) {
            models = try await http.get("/v1/models")
        } catch {
            // A hosted API need not have a list of models, and TEI has none.
            guard [.unsupported, .rejected, .unauthorized].contains(error.code) else { throw error }
            models = nil
            absence = error
        }
        var pages: [String: Data] = [:]
        // Only one kind of server has each of the pages.
        for candidate in kind.map({ [$0] }) ?? Kind.recognisable {
            for path in candidate.pages { pages[path] = try await page(path, http) }
            if candidate.facts(pages) != nil { break }
        }
        let profile = try ServerProfile(
            models: models, pages: pages, kind: kind, model: model, url: "\(http.url)")
        if let absence, ![.openAI, .tei].contains(profile.kind) { throw absence }
        return profile
    }

    /// Makes a profile of the page `/v1/models` and those of `Kind.pages`, as far as the server
    /// has them. Without a `kind` the first whose pages are there is meant; another server may
    /// answer anything under them.
    package init(models: Data?, pages: [String: Data], kind: Kind?, model: String, url: String)
        throws(ModelError)
    {
        let list = try models.map { data throws(ModelError) in
            try ServerAnswer.decode(ModelList.self, data, url: url + "/v1/models")
        }
        let served =
            list?.data.flatMap { entry in
                [entry.id] + (entry.aliases ?? []).filter { $0 != entry.id }
            } ?? TEIInfo.read(pages)?.names ?? [model]
        let entry = list?.data.first { $0.names(model) }
        guard entry != nil || list == nil && served.contains(model) else {
            let names = served.prefix(20).map { String($0.prefix(100)) }
            throw ModelError(
                .wrongModel,
                "\(url) does not serve a model named `\(model)`; it serves: "
                    + (names.isEmpty ? "none" : names.joined(separator: ", ")))
        }
        let kind = kind ?? Kind.recognisable.first { $0.facts(pages) != nil } ?? .other
        var profile = ServerProfile(kind: kind, models: served)
        profile.facts = (kind.facts(pages, entry) ?? [:]).mapValues { Secrets.hiding(in: $0) }
        profile.slots = kind == .llamaCpp ? LlamaProps.read(pages)?.total_slots : nil
        profile.facts["model"] = model
        profile.facts["server"] = kind.rawValue
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

    /// A page that only one kind of server has; `nil` when this server lacks it, or keeps it to
    /// itself.
    private static func page(_ path: String, _ http: ModelHTTP) async throws(ModelError) -> Data? {
        do throws(ModelError) {
            return try await http.get(path)
        } catch {
            if [.unsupported, .rejected, .unauthorized].contains(error.code) { return nil }
            throw error
        }
    }
}
