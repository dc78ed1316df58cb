package import OgiveCore

/// A reward model behind an endpoint that ranks the completions of one prompt.
///
/// vLLM and TEI give the raw number when they are told to. llama.cpp gives s = sigmoid(reward), so
/// the reward is ln(s / (1 − s)); s is printed from a 32-bit float: near |reward| = 12 the
/// resolution is about 0.01, and from about 17 on s is 1 and the reward lost.
///
/// There is one place for the query, so prompts that are more than one user turn (a system
/// message, several turns) are refused rather than scored as something else.
package struct RerankScorer: Scorer {
    private let server: ServerConnection
    private let batchSize: Int
    private let given: RewardServer?
    private let checksActivation: Bool

    /// Speaks to `server`, with at most `batchSize` documents in a request. Without a `kind` the
    /// server's pages say which server it is.
    package init(
        server: ServerConnection, batchSize: Int, kind: RewardServer? = nil,
        checksActivation: Bool = true
    ) {
        self.server = server
        self.batchSize = max(1, batchSize)
        given = kind
        self.checksActivation = checksActivation
    }

    /// What the server says of itself and the endpoint, which changes the rewards. Throws
    /// `misconfigured` when the server squashes rewards although it is told not to.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        let profile = try await server.refresh()
        let kind = try kind(profile)
        if kind != .llamaCpp, checksActivation {
            try await ActivationCheck.run(url: url(kind)) { (isRaw) throws(ModelError) in
                try await probe(kind, isRaw: isRaw)
            }
        }
        var facts = profile.facts
        facts["endpoint"] = "rerank"
        return Fingerprint(facts)
    }

    /// Completions of one prompt share a request.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        var results = [Result<Score, ModelError>](
            repeating: .failure(ModelError(.wrongCount, "not scored")), count: requests.count)
        var queries: [ExactText] = []
        var places: [ExactText: [Int]] = [:]
        for (place, request) in requests.enumerated() {
            guard let query = Conversation(request).query.map(ExactText.init) else {
                results[place] = .failure(Self.refusal(request.prompt))
                continue
            }
            if places[query] == nil { queries.append(query) }
            places[query, default: []].append(place)
        }
        for query in queries {
            for batch in Batches.split(places[query] ?? [], sizeMax: batchSize) {
                let documents = batch.map { Conversation(requests[$0]).reply }
                let answers = await Batches.isolatingFaults(of: documents) { part in
                    await rerank(query.text, part)
                }
                for (place, answer) in zip(batch, answers) { results[place] = answer }
            }
        }
        return results
    }

    /// A prompt that is more than one user turn.
    package func refusal(of prompt: Prompt) async -> ModelError? {
        let request = ScoreRequest(prompt: prompt, completion: "")
        return Conversation(request).query == nil ? Self.refusal(prompt) : nil
    }

    private func rerank(_ query: String, _ documents: [String]) async
        -> [Result<Score, ModelError>]
    {
        do throws(ModelError) {
            let profile = try await server.known()
            let kind = try kind(profile)
            let body = body(kind, query, documents, isRaw: true)
            let reply = try await server.ask(Self.path(kind), body)
            return try reader(kind, profile.answeringModels)
                .rewards(reply.data, count: documents.count, told: reply.tokens)
        } catch {
            return documents.map { _ in .failure(error) }
        }
    }

    /// The server, as configured or as its pages say.
    private func kind(_ profile: ServerProfile) throws(ModelError) -> RewardServer {
        switch given ?? RewardServer(profile) {
        case .sglang:
            throw ModelError(
                .unsupported,
                "\(server.http.url) is SGLang, whose /v1/rerank squashes rewards as the model's "
                    + "configuration says and cannot be told not to; use the scorer `classify`")
        case .none:
            throw ModelError(
                .unsupported,
                "\(server.http.url) does not say which server it is, and so whether its "
                    + "/v1/rerank gives raw rewards; set `server` to llama.cpp, vllm or tei")
        case .some(let kind): return kind
        }
    }

    private static func path(_ kind: RewardServer) -> String {
        kind == .tei ? "/rerank" : "/v1/rerank"
    }

    private func url(_ kind: RewardServer) -> String { server.http.url.appending(Self.path(kind)) }

    private func reader(_ kind: RewardServer, _ models: [String]?) -> RerankReader {
        let shape: RerankReader.Shape =
            switch kind {
            case .tei: .ranks
            case .vLLM: .scores
            case .llamaCpp, .sglang: .probabilities
            }
        return RerankReader(url: url(kind), models: models, shape: shape)
    }

    private func body(
        _ kind: RewardServer, _ query: String, _ documents: [String], isRaw: Bool
    ) -> JSONValue {
        var body: [String: JSONValue] = ["query": .text(query)]
        body[kind == .tei ? "texts" : "documents"] = .texts(documents)
        if kind != .tei { body["model"] = .text(server.model) }
        if kind == .vLLM { body["use_activation"] = .flag(!isRaw) }
        if kind == .tei {
            body["raw_scores"] = .flag(isRaw)
            body["truncate"] = .flag(false)
        }
        return .object(body)
    }

    private func probe(_ kind: RewardServer, isRaw: Bool) async throws(ModelError) -> [Double] {
        var numbers: [Double] = []
        for text in ActivationCheck.texts {
            let body = body(kind, text.query ?? "", [text.reply], isRaw: isRaw)
            let data = try await server.post(Self.path(kind), body)
            numbers += try reader(kind, nil).scores(data, count: 1).compactMap(\.self)
        }
        return numbers
    }

    private static func refusal(_ prompt: Prompt) -> ModelError {
        ModelError(
            .rejected,
            "prompt `\(prompt.key)` is more than one plain user turn, which /v1/rerank "
                + "cannot carry; serve the reward model by vLLM and use the scorer `classify`")
    }
}
