internal import FoundationEssentials
internal import OgiveCore

/// Asks a server for the log-probabilities of tokens that are given.
struct PromptLogProbabilities: Sendable {
    typealias Answer = (index: Int, result: Result<LogProbability, ModelError>)

    let server: ServerConnection
    let spec: PolicySpec
    let kind: ServerProfile.Kind
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?

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
        let values: [Result<LogProbability, ModelError>]
        let readsTokens = spec.logProbabilities == .tokens
        switch kind.dialect.given {
        case .promptLogProbabilities:
            let path = "/v1/completions"
            let data = try await server.post(path, promptRequest(batch))
            values = try PromptLogProbabilityReader(
                url: server.http.url.appending(path), models: models, readsTokens: readsTokens
            ).values(data, of: batch)
        case .generate:
            let path = "/generate"
            let data = try await server.post(path, generateRequest(batch))
            values = try GenerateLogProbabilityReader(
                url: server.http.url.appending(path), readsTokens: readsTokens
            ).values(data, of: batch)
        case .none(let reason): throw ModelError(.unsupported, reason)
        }
        return zip(batch, values).map { ($0.index, $1) }
    }

    private func promptRequest(_ batch: [GivenTokens]) -> JSONValue {
        .object([
            "model": .text(spec.model), "prompt": Self.ids(batch), "max_tokens": .integer(1),
            "temperature": .integer(0), "prompt_logprobs": .integer(0), "stream": .flag(false),
        ])
    }

    /// All of a batch have the same prompt. From its last token on, so that the first of the
    /// completion has one before it.
    private func generateRequest(_ batch: [GivenTokens]) -> JSONValue {
        let start = batch.map(\.prompt.count).min() ?? 0
        return .object([
            "input_ids": Self.ids(batch), "return_logprob": .flag(true),
            "logprob_start_len": .integer(Int64(max(0, start - 1))),
            "sampling_params": .object([
                "max_new_tokens": .integer(1), "temperature": .integer(1), "top_p": .integer(1),
            ]), "stream": .flag(false),
        ])
    }

    private static func ids(_ batch: [GivenTokens]) -> JSONValue {
        .list(batch.map { .list($0.ids.map { .integer(Int64($0)) }) })
    }
}

extension LogProbability {
    /// That of a completion with these values, each of which must be possible.
    init(_ values: [Double], of given: GivenTokens, readsTokens: Bool, url: String)
        throws(ModelError)
    {
        let sum = values.reduce(0, +)
        guard values.allSatisfy(PossibleLogProbability.isPossible(ofToken:)),
            values.count == given.completion.count
        else {
            let odd = values.first { !PossibleLogProbability.isPossible(ofToken: $0) }
            throw ModelError(
                .malformed,
                "\(url) answered \(odd.map { "\($0)" } ?? "no number") for the log-probability "
                    + "of a token, which cannot be one")
        }
        self.init(
            sum: sum, tokenCount: values.count, tokenIDs: readsTokens ? given.completion : nil,
            tokenValues: readsTokens ? values : nil)
    }
}

extension [Result<LogProbability, ModelError>] {
    /// The results of one request, with what it took, shared so that the sum is exact.
    func charged(_ tokens: TokenCount?) -> Self {
        guard let tokens else { return self }
        var parts = tokens.split(among: count { (try? $0.get()) != nil }).makeIterator()
        return map { result in
            result.map { value in
                var value = value
                value.spent = parts.next()
                return value
            }
        }
    }
}
