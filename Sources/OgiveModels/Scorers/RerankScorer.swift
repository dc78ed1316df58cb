package import OgiveCore

/// A reward model behind llama.cpp's `/v1/rerank`.
///
/// The server gives s = sigmoid(reward), so the reward is ln(s / (1 − s)). It renders each pair
/// with the model's own template, which has one place for the query: prompts that are more than
/// one user turn (a system message, several turns) are refused rather than scored as something
/// else.
///
/// s is printed from a 32-bit float: near |reward| = 12 the resolution is about 0.01, and from
/// about 17 on s is 1 and the reward lost.
package struct RerankScorer: Scorer {
    private let server: ServerConnection
    private let batchSize: Int

    /// Speaks to `server`, with at most `batchSize` documents in a request.
    package init(server: ServerConnection, batchSize: Int) {
        self.server = server
        self.batchSize = max(1, batchSize)
    }

    /// What the server says of itself and the endpoint, which changes the rewards.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        var facts = try await server.refresh().facts
        facts["endpoint"] = "rerank"
        return Fingerprint(facts)
    }

    /// Completions of one prompt share a request.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        var results = [Result<Score, ModelError>](
            repeating: .failure(ModelError(.wrongCount, "not scored")), count: requests.count)
        var queries: [String] = []
        var places: [String: [Int]] = [:]
        for (place, request) in requests.enumerated() {
            guard let query = Conversation(request).query else {
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
                    await rerank(query, part)
                }
                for (place, answer) in zip(batch, answers) { results[place] = answer }
            }
        }
        return results
    }

    private struct Body: Encodable {
        var model: String
        var query: String
        var documents: [String]
    }

    private func rerank(_ query: String, _ documents: [String]) async
        -> [Result<Score, ModelError>]
    {
        let path = "/v1/rerank"
        let body = Body(model: server.model, query: query, documents: documents)
        do throws(ModelError) {
            let models = try await server.known().answeringModels
            let data = try await server.post(path, body)
            let reader = RerankReader(
                url: server.http.url.appending(path),
                models: models)
            return try reader.rewards(data, count: documents.count).map { $0.map { Score($0) } }
        } catch {
            return documents.map { _ in .failure(error) }
        }
    }

    private static func refusal(_ prompt: Prompt) -> ModelError {
        ModelError(
            .rejected,
            "prompt `\(prompt.key)` is more than one user turn, which /v1/rerank cannot carry; "
                + "serve the reward model by vLLM and use the scorer `classify`")
    }
}
