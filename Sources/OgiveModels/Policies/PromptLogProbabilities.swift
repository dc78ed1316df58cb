internal import FoundationEssentials
internal import OgiveCore

/// Asks vLLM for the log-probabilities of tokens that are given (`prompt_logprobs`).
struct PromptLogProbabilities: Sendable {
    typealias Answer = (index: Int, result: Result<LogProbability, ModelError>)

    let server: ServerConnection
    let spec: PolicySpec
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?

    private static let path = "/v1/completions"

    /// Asks batch by batch. One that is refused for one of its completions is asked for one by one;
    /// a fault of the endpoint ends the rest with the same failure.
    func ask(_ given: [GivenTokens]) async -> [Answer] {
        var answers: [Answer] = []
        var fault: ModelError?
        for batch in GivenTokens.batches(given) {
            do throws(ModelError) {
                if let fault { throw fault }
                answers += try await ask(together: batch)
            } catch {
                if error.concernsEndpoint || error.isRetriable { fault = error }
                if fault == nil, batch.count > 1 {
                    for one in batch { answers += await ask([one]) }
                } else {
                    answers += batch.map { ($0.index, .failure(error)) }
                }
            }
        }
        return answers
    }

    private func ask(together batch: [GivenTokens]) async throws(ModelError) -> [Answer] {
        let prompts = batch.map { JSONValue.list($0.ids.map { .integer(Int64($0)) }) }
        let body: JSONValue = .object([
            "model": .text(spec.model), "prompt": .list(prompts), "max_tokens": .integer(1),
            "temperature": .integer(0), "prompt_logprobs": .integer(0), "stream": .flag(false),
        ])
        let data = try await server.post(Self.path, body)
        let reader = PromptLogProbabilityReader(
            url: server.http.url.appending(Self.path), models: models,
            readsTokens: spec.logProbabilities == .tokens)
        return zip(batch, try reader.values(data, of: batch)).map { ($0.index, $1) }
    }
}

/// Reads `prompt_logprobs` of vLLM's answers.
package struct PromptLogProbabilityReader {
    private struct Answer: Decodable {
        var model: String?
        var choices: [Choice]
    }

    private struct Choice: Decodable {
        var index: Int
        var prompt_logprobs: [[String: Entry]?]?
    }

    private struct Entry: Decodable { var logprob: Double }

    let url: String
    let models: [String]?
    let readsTokens: Bool

    /// One entry for each of the `given`, in their order.
    func values(
        _ body: Data, of given: [GivenTokens]
    ) throws(ModelError) -> [Result<LogProbability, ModelError>] {
        let answer = try ServerAnswer.decode(Answer.self, body, url: url)
        try ServedModel.check(answer.model, among: models, url: url)
        guard answer.choices.map(\.index).sorted() == Array(given.indices) else {
            throw ModelError(
                .wrongCount,
                "\(url) answered \(answer.choices.count) choices to \(given.count) completions")
        }
        let choices = answer.choices.sorted { $0.index < $1.index }
        return zip(choices, given).map { choice, given in
            Result { () throws(ModelError) in try value(choice, given) }
        }
    }

    private func value(
        _ choice: Choice, _ given: GivenTokens
    ) throws(ModelError) -> LogProbability {
        guard let entries = choice.prompt_logprobs, entries.count == given.ids.count else {
            throw ModelError(
                .malformed,
                "\(url) answered \(choice.prompt_logprobs?.count ?? 0) log-probabilities to "
                    + "\(given.ids.count) tokens")
        }
        let values = zip(entries.dropFirst(given.prompt.count), given.completion).map {
            $0?["\($1)"]?.logprob ?? .nan
        }
        let sum = values.reduce(0, +)
        guard sum.isFinite else {
            throw ModelError(
                .malformed, "\(url) answered no log-probability of a token, or no finite one")
        }
        return LogProbability(
            sum: sum, tokenCount: values.count, tokenIDs: readsTokens ? given.completion : nil,
            tokenValues: readsTokens ? values : nil)
    }
}
