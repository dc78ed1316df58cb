package import FoundationEssentials
package import OgiveCore

/// A reward model behind an API that ranks the completions of one prompt.
///
/// There is one place for the query, so prompts that are more than one user turn (a system
/// message, several turns) are refused rather than scored as something else.
package struct RerankScorer: Scorer {
    private let server: ServerConnection
    private let batchSize: Int
    private let given: ServerKind?
    private let checksActivation: Bool

    /// Speaks to `server`, with at most `batchSize` documents in a request. Without a `kind` the
    /// server's pages say which server it is.
    package init(
        server: ServerConnection, batchSize: Int, kind: ServerKind? = nil,
        checksActivation: Bool = true
    ) {
        self.server = server
        self.batchSize = max(1, batchSize)
        given = kind
        self.checksActivation = checksActivation
    }

    /// What the server says of itself and the API, which changes the rewards. Throws
    /// `misconfigured` when the server squashes rewards although it is told not to.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        let profile = try await server.refresh()
        let route = try route(profile)
        if route.hasActivation, checksActivation {
            try await ActivationCheck.run(url: url(route)) { (isRaw) throws(ModelError) in
                try await probe(route, isRaw: isRaw)
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
            let route = try route(profile)
            let body = route.body(query, documents, server.model, true)
            let reply = try await server.ask(route.path, body)
            return try reader(route, profile.answeringModels)
                .rewards(reply.data, count: documents.count, reported: reply.tokens)
        } catch {
            return documents.map { _ in .failure(error) }
        }
    }

    /// The way of the server, as configured or as its pages say.
    private func route(_ profile: ServerProfile) throws(ModelError) -> RerankRoute {
        switch (given ?? profile.kind).rewards.rerank {
        case .route(let route): return route
        case .none(let reason):
            throw ModelError(.unsupported, "\(server.http.url) \(reason)")
        }
    }

    private func url(_ route: RerankRoute) -> String { server.http.url.appending(route.path) }

    private func reader(_ route: RerankRoute, _ models: [String]?) -> RerankReader {
        RerankReader(url: url(route), models: models, shape: route.shape)
    }

    /// The numbers of texts of the check, squashed or not.
    private func probe(_ route: RerankRoute, isRaw: Bool) async throws(ModelError) -> [Double] {
        var numbers: [Double] = []
        for text in ActivationCheck.texts {
            let body = route.body(text.query ?? "", [text.reply], server.model, isRaw)
            let data = try await server.post(route.path, body)
            numbers += try reader(route, nil).scores(data, count: 1).compactMap(\.self)
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

/// Reads the answers of APIs that rank completions of one prompt.
package struct RerankReader {
    /// The numbers with the places of the documents, and what they took as far as the answer says.
    typealias Numbers = (scores: [(Int, Double?)], tokens: TokenCount?)

    /// What a server answers: `{"results": [{"index", "relevance_score"}]}` with raw numbers, where
    /// its file does not say otherwise.
    package struct Shape: Sendable {
        /// Reads the numbers. Throws when the answer as a whole is not what was asked for.
        var read:
            @Sendable (_ answer: Data, _ url: String, _ models: [String]?) throws(ModelError)
                -> Numbers = { (data, url, models) throws(ModelError) in
                    let answer = try ServerAnswer.decode(Answer.self, data, url: url)
                    try ServedModel.check(answer.model, among: models, url: url)
                    let scores = answer.results.map { ($0.index, $0.relevance_score) }
                    return (scores, answer.usage?.tokens)
                }
        /// The reward that a number stands for.
        var reward: @Sendable (_ number: Double?, _ url: String) throws(ModelError) -> Double = {
            (number, url) throws(ModelError) in
            let values = [LabelledValue(label: "", value: number)]
            return try LabelledValue.reward(values, label: nil, url: url)
        }
    }

    private struct Answer: Decodable {
        struct Entry: Decodable {
            var index: Int
            /// nlohmann's JSON, which llama.cpp uses, prints NaN as null.
            var relevance_score: Double?
        }

        var model: String?
        var results: [Entry]
        var usage: ServerUsage?
    }

    /// The API, for messages.
    let url: String
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?
    private let shape: Shape

    /// Reads answers of `url`.
    package init(url: String, models: [String]? = nil, shape: Shape = .probabilities) {
        self.url = url
        self.models = models
        self.shape = shape
    }

    /// One entry for each of the `count` documents that were sent, with what they took as far as
    /// the answer, or else `reported`, says. Throws when the answer as a whole is not what was
    /// asked for.
    package func rewards(_ body: Data, count: Int, reported: TokenCount? = nil) throws(ModelError)
        -> [Result<Score, ModelError>]
    {
        let (scores, tokens) = try shape.read(body, url, models)
        return try ScoreReader.ordered(scores, count: count, url: url).map { score in
            Result { () throws(ModelError) in Score(try shape.reward(score, url)) }
        }.charged(tokens ?? reported)
    }

    /// The server's numbers in the order of the documents: answers come sorted by the numbers.
    func scores(_ body: Data, count: Int) throws(ModelError) -> [Double?] {
        try ScoreReader.ordered(try shape.read(body, url, models).scores, count: count, url: url)
    }
}
