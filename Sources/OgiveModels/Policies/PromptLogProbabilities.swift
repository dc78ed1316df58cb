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

/// A completion whose log-probability is asked for, as tokens.
package struct GivenTokens: Sendable {
    /// Its place among those asked for together.
    let index: Int
    /// The prompt's tokens.
    let prompt: [Int32]
    /// Its own, the end token included.
    let completion: [Int32]

    /// Joins the parts.
    package init(index: Int, prompt: [Int32], completion: [Int32]) {
        self.index = index
        self.prompt = prompt
        self.completion = completion
    }

    /// What the server reads.
    var ids: [Int32] { prompt + completion }

    /// Most tokens of one request with several completions: log-probabilities of a prompt take
    /// vocabulary × 4 bytes for each token at the server, for all that it works on at once.
    static let tokensMax = 8_192

    /// Batches in order, each of at most `tokensMax` tokens, or of one completion.
    static func batches(_ given: [GivenTokens], tokensMax: Int = tokensMax) -> [[GivenTokens]] {
        var batches: [[GivenTokens]] = []
        var size = 0
        for one in given {
            let count = one.prompt.count + one.completion.count
            if size + count > tokensMax || batches.isEmpty {
                batches.append([one])
                size = count
            } else {
                batches[batches.count - 1].append(one)
                size += count
            }
        }
        return batches
    }
}

/// A prompt and the completions that may follow it, as tokens.
///
/// The policy samples token after token behind the prompt's tokens. So a completion is tokenised by
/// itself and put behind them; only where its tokens do not give its text back (tokenisers that add
/// a space in front) prompt and completion are tokenised together, and the prompt's tokens must
/// come first.
struct ContinuationTokens: Sendable {
    let tokenizer: ServerTokenizer
    let input: CompletionRequest.Input
    /// The prompt's key, for messages.
    let key: String

    /// The prompt's tokens, as sampling has them.
    func prompt() async throws(ModelError) -> ServerTokenizer.Tokens {
        switch input {
        case .text(let text):
            try await tokenizer.tokens(of: text, special: true)
        case .messages(let messages, let tools):
            try await tokenizer.tokens(of: messages, tools: tools, isAnswered: true)
        case .partial(let messages, let tools, _):
            try await tokenizer.tokens(
                of: messages, tools: tools, isAnswered: false, isOpen: true)
        }
    }

    /// The completion's tokens behind the prompt's, the end token included. Throws when there are
    /// none that say the text, when the text holds a token that ends completions, or when all do
    /// not fit.
    func tokens(
        of text: String, after prompt: ServerTokenizer.Tokens, end: Int32
    ) async throws(ModelError) -> [Int32] {
        var ids = try await tokenizer.tokens(of: text).ids
        if try await !says(ids, text) { ids = try await joined(text, after: prompt.ids) }
        if ids.contains(end) {
            throw ModelError(
                .rejected,
                "a candidate of prompt `\(key)` holds the text of the end token, which Ogive adds "
                    + "itself; remove it from the file")
        }
        if let ending = try await tokenizer.ending(in: text, ids) {
            throw ModelError(
                .rejected,
                "a candidate of prompt `\(key)` holds `\(ending)`, a token at which the model ends "
                    + "a completion, so that sampling could never give it; remove it from the file")
        }
        let count = prompt.ids.count + ids.count + 1
        // The server asks for room for one token more.
        if let lengthMax = prompt.lengthMax, count >= lengthMax {
            throw ModelError(
                .promptTooLong,
                "prompt `\(key)` and a candidate have \(count) tokens with the end token; "
                    + "\(tokenizer.server.http.url) takes at most \(lengthMax - 1)")
        }
        return ids + [end]
    }

    private func joined(
        _ text: String, after prompt: [Int32]
    ) async throws(ModelError) -> [Int32] {
        let whole =
            switch input {
            case .text(let start):
                try await tokenizer.tokens(of: start + text, special: true)
            case .messages(let messages, let tools):
                try await tokenizer.tokens(
                    of: messages + [ChatMessage(role: "assistant", content: text)], tools: tools,
                    isAnswered: false, isOpen: true)
            case .partial(let messages, let tools, _):
                try await tokenizer.tokens(
                    of: Conversation.extending(messages, by: text), tools: tools,
                    isAnswered: false, isOpen: true)
            }
        let ids = Array(whole.ids.dropFirst(prompt.count))
        guard whole.ids.starts(with: prompt), try await says(ids, text) else {
            throw ModelError(
                .rejected,
                "\(tokenizer.server.http.url) has no tokens behind those of prompt `\(key)` that "
                    + "give the text of a candidate back, byte for byte; sampling could not give "
                    + "it either")
        }
        return ids
    }

    /// Whether tokens give the text back. Bytes are compared: `==` of texts is wider.
    private func says(_ ids: [Int32], _ text: String) async throws(ModelError) -> Bool {
        try await Array(tokenizer.text(of: ids).utf8) == Array(text.utf8)
    }
}
