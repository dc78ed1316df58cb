internal import FoundationEssentials
internal import OgiveCore

/// Where and how one kind of server is asked for the log-probabilities of tokens that are given.
struct GivenRoute: Sendable {
    /// What an answer is read by.
    struct Asked: Sendable {
        /// The endpoint, for messages.
        var url: String
        /// The names under which the server's model may answer; `nil` takes any.
        var models: [String]?
        /// Whether the tokens' values are kept, not their sum alone.
        var readsTokens: Bool
    }

    /// The path that is posted to.
    var path: String
    /// The request for a batch, all of which has the same prompt: `ids` are the tokens of each,
    /// `model` is the model's name.
    var body: @Sendable (_ ids: JSONValue, _ batch: [GivenTokens], _ model: String) -> JSONValue
    /// One entry for each of the batch, in its order, with what they took.
    var read:
        @Sendable (_ answer: Data, _ batch: [GivenTokens], _ asked: Asked) throws(ModelError)
            -> [Result<LogProbability, ModelError>]
}

/// Asks a server for the log-probabilities of tokens that are given.
struct PromptLogProbabilities: Sendable {
    typealias Answer = (index: Int, result: Result<LogProbability, ModelError>)

    let server: ServerConnection
    let spec: PolicySpec
    let kind: ServerKind
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
        switch kind.dialect.given {
        case .asked(let route):
            let body = route.body(Self.ids(batch), batch, spec.model)
            let data = try await server.post(route.path, body)
            let asked = GivenRoute.Asked(
                url: server.http.url.appending(route.path), models: models,
                readsTokens: spec.logProbabilities == .tokens)
            let values = try route.read(data, batch, asked)
            return zip(batch, values).map { ($0.index, $1) }
        case .none(let reason): throw ModelError(.unsupported, reason)
        }
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
