internal import FoundationEssentials
internal import Glibc
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
    package func score(_ requests: [ScoreRequest]) async -> [Result<Double, ModelError>] {
        var results = [Result<Double, ModelError>](
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

    private struct Answer: Decodable {
        struct Entry: Decodable {
            var index: Int
            /// nlohmann's JSON, which the server uses, prints NaN as null.
            var relevance_score: Double?
        }

        var results: [Entry]
    }

    private func rerank(_ query: String, _ documents: [String]) async
        -> [Result<Double, ModelError>]
    {
        let path = "/v1/rerank"
        let body = Body(model: server.model, query: query, documents: documents)
        do throws(ModelError) {
            let data = try await server.post(path, body)
            let answer = try ServerProfile.decode(Answer.self, data, server.http, path)
            let url = server.http.url.appending(path)
            // Results come sorted by score, not in the order of the documents.
            let scores = answer.results.map { ($0.index, $0.relevance_score) }
            return try ScoreReader.ordered(scores, count: documents.count, url: url).map { value in
                Result { () throws(ModelError) in try Self.reward(value, url: url) }
            }
        } catch {
            return documents.map { _ in .failure(error) }
        }
    }

    /// ln(s / (1 − s)), without cancellation at either end.
    package static func reward(_ probability: Double?, url: String) throws(ModelError) -> Double {
        guard let s = probability, s.isFinite else {
            throw ModelError(.notFinite, "\(url) answered a score that is no finite number")
        }
        guard s >= 0, s <= 1 else {
            throw ModelError(
                .malformed,
                "\(url) answered the score \(s), which is no probability; serve a reward model "
                    + "that llama.cpp reads as a two-label classifier")
        }
        // 1 − s is exact for s ≥ 0.5 (Sterbenz), and log1p keeps small s exact.
        let reward = s < 0.5 ? log(s) - log1p(-s) : log(s) - log(1 - s)
        guard reward.isFinite else {
            throw ModelError(
                .notFinite,
                "\(url) answered the score \(s): the reward is beyond the resolution of this "
                    + "endpoint (|reward| above about 12); serve the reward model by vLLM and "
                    + "use the scorer `classify`")
        }
        return reward
    }

    private static func refusal(_ prompt: Prompt) -> ModelError {
        ModelError(
            .rejected,
            "prompt `\(prompt.key)` is more than one user turn, which /v1/rerank cannot carry; "
                + "serve the reward model by vLLM and use the scorer `classify`")
    }
}
