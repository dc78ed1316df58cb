package import OgiveCore
internal import FoundationEssentials

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

    /// Reads the server's pages. Throws `wrongModel` when it does not serve `model`.
    package static func read(_ http: ModelHTTP, model: String) async throws(ModelError)
        -> ServerProfile
    {
        let list = try decode(ModelList.self, try await http.get("/v1/models"), http, "/v1/models")
        let served = list.data.flatMap { entry in
            [entry.id] + (entry.aliases ?? []).filter { $0 != entry.id }
        }
        guard let entry = list.data.first(where: { $0.names(model) }) else {
            let names = served.isEmpty ? "none" : served.prefix(20).joined(separator: ", ")
            throw ModelError(
                .wrongModel,
                "\(http.url) does not serve a model named `\(model)`; it serves: \(names)")
        }
        var profile = ServerProfile(kind: .other, models: served, slots: nil, facts: [:])
        if let props = try await page("/props", LlamaProps.self, http) {
            profile.kind = .llamaCpp
            profile.slots = props.total_slots
            profile.facts = llamaFacts(entry, props)
        } else if let version = try await page("/version", Version.self, http) {
            profile.kind = .vLLM
            profile.facts["version"] = version.version
            profile.facts["root"] = entry.root
            profile.facts["max_model_len"] = entry.max_model_len.map { "\($0)" }
        } else {
            profile.facts["root"] = entry.root
            profile.facts["max_model_len"] = entry.max_model_len.map { "\($0)" }
        }
        profile.facts["model"] = model
        profile.facts["server"] = profile.kind.rawValue
        return profile
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
    private static func page<Page: Decodable>(_ path: String, _ type: Page.Type, _ http: ModelHTTP)
        async throws(ModelError) -> Page?
    {
        do throws(ModelError) {
            let data = try await http.get(path)
            // Another server may answer anything under this path.
            return try? JSONDecoder().decode(type, from: data)
        } catch {
            if error.code == .unsupported || error.code == .rejected { return nil }
            throw error
        }
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type, _ data: Data, _ http: ModelHTTP, _ path: String
    ) throws(ModelError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            let excerpt = ServerErrorBody(data).message.prefix(200)
            throw ModelError(
                .malformed,
                "\(http.url.appending(path)) answered what is not its contract (\(reason(error))): "
                    + "\(excerpt.isEmpty ? "an empty body" : "\(excerpt)"); "
                    + "is this a model server, and of a supported version?")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "`\(key.stringValue)` is missing"
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context):
            "`\(context.codingPath.map(\.stringValue).joined(separator: "."))` has another type"
        default: "no valid JSON"
        }
    }
}
