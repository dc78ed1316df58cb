package import FoundationEssentials
package import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerKind {
    /// SGLang.
    package static let sglang: ServerKind = {
        var kind = ServerKind(name: "SGLang", yamlName: "sglang")
        kind.pages = ["/get_server_info"]
        kind.facts = { pages in
            guard let info = pages.read(SGLangInfo.self, at: "/get_server_info") else {
                return nil
            }
            return ServerFacts(
                pages.common.merging([
                    "version": info.version,
                    "deterministic": info.enable_deterministic_inference.map { "\($0)" },
                ]) { $1 })
        }
        kind.dialect = .sglang
        kind.tokenizer.prefix = "/v1"
        // It renders a chat to be answered, or to be continued, but not as it is.
        kind.tokenizer.rendersWholeChats = false
        kind.tokenizer.detokenizeFields = ["skip_special_tokens": .flag(false)]
        // Its own `/classify` gives what the model's head gives.
        kind.rewards.routes = [
            .classify: RewardRoute("/classify", .text, .embeddings, hasActivation: false)
        ]
        kind.rewards.advice[.score] =
            "SGLang's /v1/score gives probabilities of tokens of a language model and no reward; "
            + "use the scorer `classify`"
        kind.rewards.rerank = .none(
            "is SGLang, whose /v1/rerank squashes rewards as the model's configuration says and "
                + "cannot be told not to; use the scorer `classify`")
        kind.judgeFields = ["top_k": .integer(-1), "min_p": .integer(0)]
        kind.metrics = ServerMetrics.Names(
            running: "sglang:num_running_reqs", waiting: "sglang:num_queue_reqs")
        kind.finishReasons = ["abort": .givenUp]
        kind.errors.contextLength = [ErrorSign("longer than the model's context length")]
        kind.errors.statuses = ["badrequesterror": 400]
        return kind
    }()
}

extension ServerDialect {
    /// All choices of a request share its seed, and are the same text with
    /// `--enable-deterministic-inference`; without it the seed is ignored.
    fileprivate static var sglang: ServerDialect {
        var dialect = ServerDialect()
        // 0 is refused.
        dialect.topK = Parameter(name: "top_k", off: .integer(-1))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repetition_penalty": .integer(1),
        ]
        dialect.chatFields = ["separate_reasoning": .flag(false)]
        dialect.logProbabilities = .atTemperature
        dialect.partialTurn = .fields(["continue_final_message": .flag(true)])
        // `tool_choice: none` would leave them out of the prompt.
        dialect.tools = .fields([:])
        dialect.given = .asked(.generate)
        return dialect
    }
}

// The field names are the server's own.

/// `/get_server_info` of SGLang.
private struct SGLangInfo: Decodable {
    var version: String
    var model_path: String
    var enable_deterministic_inference: Bool?
}

extension GivenRoute {
    /// `return_logprob` of `/generate`.
    fileprivate static let generate = GivenRoute(
        path: "/generate",
        body: { ids, batch, _ in
            // From the prompt's last token on, so that the first of the completion has one before
            // it.
            let start = batch.map(\.prompt.count).min() ?? 0
            return .object([
                "input_ids": ids, "return_logprob": .flag(true),
                "logprob_start_len": .integer(Int64(max(0, start - 1))),
                "sampling_params": .object([
                    "max_new_tokens": .integer(1), "temperature": .integer(1),
                    "top_p": .integer(1),
                ]), "stream": .flag(false),
            ])
        },
        read: { (answer, batch, asked) throws(ModelError) in
            try GenerateLogProbabilityReader(url: asked.url, readsTokens: asked.readsTokens)
                .values(answer, of: batch)
        })
}

/// Reads the log-probabilities of given tokens in answers of SGLang's `/generate`.
package struct GenerateLogProbabilityReader {
    private struct Answer: Decodable {
        struct Facts: Decodable { var input_token_logprobs: [Entry]? }

        var meta_info: Facts
        /// Its own tokens are among the facts.
        var usage: ServerUsage

        private enum Keys: String, CodingKey { case meta_info }

        init(from decoder: any Decoder) throws {
            let answer = try decoder.container(keyedBy: Keys.self)
            meta_info = try answer.decode(Facts.self, forKey: .meta_info)
            usage = try answer.decode(ServerUsage.self, forKey: .meta_info)
        }
    }

    /// `[log-probability, token, text]`; there is no log-probability of the first token.
    private struct Entry: Decodable {
        var value: Double?
        var token: Int32

        init(from decoder: any Decoder) throws {
            var entry = try decoder.unkeyedContainer()
            value = try entry.decodeIfPresent(Double.self)
            token = try entry.decode(Int32.self)
        }
    }

    let url: String
    let readsTokens: Bool

    /// Reads answers of `url`.
    package init(url: String, readsTokens: Bool) {
        self.url = url
        self.readsTokens = readsTokens
    }

    /// One entry for each of the `given`, in their order, with what they took.
    package func values(
        _ body: Data, of given: [GivenTokens]
    ) throws(ModelError) -> [Result<LogProbability, ModelError>] {
        let answers = try ServerAnswer.decodeList(Answer.self, body, url: url)
        guard answers.count == given.count else {
            throw ModelError(
                .wrongCount,
                "\(url) answered \(answers.count) texts to \(given.count) completions")
        }
        return zip(answers, given).map { answer, given in
            Result { () throws(ModelError) in
                var value = try value(answer, given)
                value.spent = answer.usage.tokens
                return value
            }
        }
    }

    /// The completion's tokens are the last ones.
    private func value(_ answer: Answer, _ given: GivenTokens) throws(ModelError) -> LogProbability
    {
        let entries = answer.meta_info.input_token_logprobs ?? []
        let reported = entries.suffix(given.completion.count)
        guard reported.map(\.token) == given.completion else {
            throw ModelError(
                .malformed,
                "\(url) answered \(entries.count) log-probabilities, the last of which are not "
                    + "those of the \(given.completion.count) tokens that were sent")
        }
        return try LogProbability(
            reported.map { $0.value ?? .nan }, of: given, readsTokens: readsTokens, url: url)
    }
}

extension RewardRoute.Shape {
    /// `[{"embedding"}]`, in the order of the request.
    fileprivate static let embeddings = RewardRoute.Shape(
        body: { input, _, _ in .object(["text": .texts(input.texts)]) },
        read: { (data, count, url, _) throws(ModelError) in
            let answer = try ServerAnswer.decodeList(Embedding.self, data, url: url)
            let reported = answer.compactMap(\.meta_info?.tokens)
            return (
                try ScoreReader.counted(answer, count: count, url: url).map {
                    LabelledValue.numbered($0.embedding)
                },
                reported.isEmpty ? nil : reported.reduce(TokenCount(), +)
            )
        })
}

extension PoolingReader {
    /// Reads answers of SGLang's `/classify`.
    package static func embeddings(url: String, label: String? = nil) -> PoolingReader {
        PoolingReader(url: url, models: nil, label: label, shape: .embeddings)
    }
}

/// An entry of SGLang's `/classify`: a list of numbers, or one.
private struct Embedding: Decodable {
    var embedding: [Double?]
    /// Its own tokens are among the rest.
    var meta_info: ServerUsage?

    private enum Keys: String, CodingKey { case embedding, meta_info }

    init(from decoder: any Decoder) throws {
        let entry = try decoder.container(keyedBy: Keys.self)
        if let values = try? entry.decode([Double?].self, forKey: .embedding) {
            embedding = values
        } else {
            embedding = [try entry.decode(Double.self, forKey: .embedding)]
        }
        meta_info = try? entry.decodeIfPresent(ServerUsage.self, forKey: .meta_info)
    }
}
