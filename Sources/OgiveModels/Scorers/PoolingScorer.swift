internal import FoundationEssentials
package import OgiveCore

/// A reward model behind vLLM's `/classify` or `/pooling`, as raw logit.
///
/// Without a template each conversation is a request of its own and the server applies the
/// model's chat template. With one, batches of texts rendered here share a request.
package struct PoolingScorer: Scorer {
    /// The two endpoints.
    package enum Endpoint: String, Sendable {
        /// `/classify`, for models loaded as sequence classifiers.
        case classify
        /// `/pooling`.
        case pooling
    }

    private let server: ServerConnection
    private let endpoint: Endpoint
    private let batchSize: Int
    private let connections: Int
    private let template: ScoreTemplate?

    /// Speaks to `server`: with at most `batchSize` texts in a request when there is a template,
    /// else with at most `connections` requests at once.
    package init(
        server: ServerConnection, endpoint: Endpoint, batchSize: Int, connections: Int,
        template: ScoreTemplate? = nil
    ) {
        self.server = server
        self.endpoint = endpoint
        self.batchSize = max(1, batchSize)
        self.connections = max(1, connections)
        self.template = template
    }

    /// What the server says of itself, the endpoint and the template: each changes the rewards.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        var facts = try await server.refresh().facts
        facts["endpoint"] = endpoint.rawValue
        facts["template_sha256"] = template.map { SHA256Digest(hashing: $0.text).hex }
        return Fingerprint(facts)
    }

    /// Batches rendered texts; without a template every conversation is a request of its own.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        guard let template else { return await scoreEach(requests) }
        var results: [Result<Score, ModelError>] = []
        for batch in Batches.split(requests, sizeMax: batchSize) {
            let texts = batch.map { template.render(Conversation($0), key: $0.prompt.key) }
            let valid = texts.compactMap { try? $0.get() }
            let answers = await Batches.isolatingFaults(of: valid) { part in
                await post(.texts(part), count: part.count)
            }
            var answered = answers.makeIterator()
            for text in texts {
                switch text {
                case .success: results.append(answered.next() ?? .failure(Self.unanswered))
                case .failure(let error): results.append(.failure(error))
                }
            }
        }
        return results
    }

    private static let unanswered = ModelError(.wrongCount, "a text got no score")

    /// One conversation a request: a batch of `messages` lists is an error at the server.
    private func scoreEach(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        await withTaskGroup(of: (Int, Result<Score, ModelError>).self) { group in
            var results = [Result<Score, ModelError>](
                repeating: .failure(Self.unanswered), count: requests.count)
            for (place, request) in requests.enumerated() {
                if place >= connections, let (done, result) = await group.next() {
                    results[done] = result
                }
                group.addTask {
                    let messages = Conversation(request).messages
                    let answer = await self.post(.messages(messages), count: 1)
                    return (place, answer.first ?? .failure(Self.unanswered))
                }
            }
            for await (done, result) in group { results[done] = result }
            return results
        }
    }

    private func post(_ input: PoolingRequest.Input, count: Int) async
        -> [Result<Score, ModelError>]
    {
        // An empty list would be refused by the server.
        if count == 0 { return [] }
        let path = "/\(endpoint.rawValue)"
        let url = server.http.url.appending(path)
        do throws(ModelError) {
            let models = try await server.known().answeringModels
            let body = PoolingRequest(model: server.model, input: input)
            let data = try await server.post(path, body)
            return try PoolingReader(url: url, models: models).rewards(data, count: count)
                .map { $0.map { Score($0) } }
        } catch {
            return (0..<count).map { _ in .failure(error) }
        }
    }
}
