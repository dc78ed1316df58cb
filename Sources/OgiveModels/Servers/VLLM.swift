package import FoundationEssentials
package import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerKind {
    /// vLLM.
    package static let vLLM: ServerKind = {
        var kind = ServerKind(name: "vLLM", yamlName: "vllm")
        kind.pages = ["/version"]
        kind.facts = { pages in
            guard let version = pages.read(Version.self, at: "/version") else { return nil }
            return ServerFacts(pages.common.merging(["version": version.version]) { $1 })
        }
        kind.dialect = .vLLM
        kind.tokenizer.rendersTools = true
        kind.inspection = ServerInspector.Routes(
            text: { text, addsSpecial, model in
                .object([
                    "model": .text(model), "prompt": .text(text),
                    "add_special_tokens": .flag(addsSpecial),
                ])
            },
            chats: .tokenized)
        kind.rewards.routes = [
            .classify: RewardRoute("/classify", .conversation, .indexed, hasActivation: true),
            .pooling: RewardRoute("/pooling", .conversation, .indexed, hasActivation: true),
            .score: RewardRoute("/score", .pair, .indexed, hasActivation: true),
        ]
        kind.rewards.rerank = .route(
            RerankRoute(
                path: "/v1/rerank", hasActivation: true,
                body: { query, documents, model, isRaw in
                    .object([
                        "query": .text(query), "documents": .texts(documents),
                        "model": .text(model), "use_activation": .flag(!isRaw),
                    ])
                },
                shape: .scores))
        kind.judgeFields = ["top_k": .integer(-1), "min_p": .integer(0)]
        kind.metrics = ServerMetrics.Names(
            running: "vllm:num_requests_running", waiting: "vllm:num_requests_waiting")
        kind.finishReasons = ["abort": .givenUp, "error": .givenUp]
        kind.errors.contextLength = [
            ErrorSign(parameter: "input_tokens"), ErrorSign("maximum context length"),
            ErrorSign("maximum model length"),
        ]
        // Python's JSON refuses NaN.
        kind.errors.output = [ErrorSign("not JSON compliant")]
        kind.errors.statuses = ["badrequesterror": 400]
        return kind
    }()
}

extension ServerDialect {
    /// A model folder's generation_config.json may hold a repetition penalty.
    fileprivate static var vLLM: ServerDialect {
        var dialect = ServerDialect()
        dialect.takesWideSeeds = true
        dialect.seedsChoices = true
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repetition_penalty": .integer(1),
        ]
        dialect.logProbabilities = .ofModel
        dialect.tokenIDs = "return_token_ids"
        dialect.given = .asked(.promptLogProbabilities)
        dialect.partialTurn = .fields([
            "continue_final_message": .flag(true), "add_generation_prompt": .flag(false),
        ])
        // The prompt has the tools, and the answer is the text as sampled.
        dialect.tools = .fields(["tool_choice": .text("none")])
        return dialect
    }
}

extension GivenRoute {
    /// `prompt_logprobs` of `/v1/completions`.
    fileprivate static let promptLogProbabilities = GivenRoute(
        path: "/v1/completions",
        body: { ids, _, model in
            .object([
                "model": .text(model), "prompt": ids, "max_tokens": .integer(1),
                "temperature": .integer(0), "prompt_logprobs": .integer(0),
                "stream": .flag(false),
            ])
        },
        read: { (answer, batch, asked) throws(ModelError) in
            try PromptLogProbabilityReader(
                url: asked.url, models: asked.models, readsTokens: asked.readsTokens
            ).values(answer, of: batch)
        })
}

/// Reads `prompt_logprobs` of vLLM's answers.
package struct PromptLogProbabilityReader {
    private struct Answer: Decodable {
        var model: String?
        var choices: [Choice]
        var usage: ServerUsage?
    }

    private struct Choice: Decodable {
        var index: Int
        var prompt_logprobs: [[String: Entry]?]?
    }

    private struct Entry: Decodable { var logprob: Double }

    let url: String
    let models: [String]?
    let readsTokens: Bool

    /// Reads answers of `url`; without `models` any name will do.
    package init(url: String, models: [String]? = nil, readsTokens: Bool) {
        self.url = url
        self.models = models
        self.readsTokens = readsTokens
    }

    /// One entry for each of the `given`, in their order, with what they took.
    package func values(
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
        }.charged(answer.usage?.tokens)
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
        return try LogProbability(values, of: given, readsTokens: readsTokens, url: url)
    }
}

extension RewardRoute.Shape {
    /// `{"data": [{"index", "probs" | "data" | "score"}]}`
    fileprivate static let indexed = RewardRoute.Shape(
        body: { input, model, isRaw in
            var body: [String: JSONValue] = [
                "model": .text(model), "use_activation": .flag(!isRaw),
            ]
            switch input {
            case .messages(let messages):
                body["messages"] = .messages(messages)
            case .texts(let texts):
                body["input"] = .texts(texts)
                // The text holds its special tokens: a second <bos> would change the reward.
                body["add_special_tokens"] = .flag(false)
            case .pairs(let pairs):
                body["text_1"] = .texts(pairs.map(\.query))
                body["text_2"] = .texts(pairs.map(\.reply))
            }
            return .object(body)
        },
        read: { (data, count, url, models) throws(ModelError) in
            let answer = try ServerAnswer.decode(IndexedAnswer.self, data, url: url)
            try ServedModel.check(answer.model, among: models, url: url)
            let entries = answer.data.map { ($0.index, $0) }
            let values = try ScoreReader.ordered(entries, count: count, url: url).map {
                (entry) throws(ModelError) in try entry.values(url: url)
            }
            return (values, answer.usage?.tokens)
        })
}

extension PoolingReader {
    /// Reads answers of vLLM's `/classify`, `/pooling` and `/score`.
    package init(url: String, models: [String]? = nil, label: String? = nil) {
        self.init(url: url, models: models, label: label, shape: .indexed)
    }
}

extension RerankReader.Shape {
    /// `{"results": [{"index", "relevance_score"}]}`, raw.
    fileprivate static let scores = RerankReader.Shape()
}

/// The answer of vLLM's `/classify` (`probs`, `num_classes`), `/pooling` (`data`) and `/score`
/// (`score`).
private struct IndexedAnswer: Decodable {
    struct Entry: Decodable {
        var index: Int
        var num_classes: Int?
        var probs: [Double?]?
        var data: [Double?]?
        var score: Double?

        private enum Keys: String, CodingKey { case index, num_classes, probs, data, score }

        /// Tells a score of null from none.
        private var hasScore: Bool

        init(from decoder: any Decoder) throws {
            let entry = try decoder.container(keyedBy: Keys.self)
            index = try entry.decode(Int.self, forKey: .index)
            num_classes = try entry.decodeIfPresent(Int.self, forKey: .num_classes)
            probs = try entry.decodeIfPresent([Double?].self, forKey: .probs)
            data = try entry.decodeIfPresent([Double?].self, forKey: .data)
            score = try entry.decodeIfPresent(Double.self, forKey: .score)
            hasScore = entry.contains(.score)
        }

        /// All numbers, in the order of the labels.
        func values(url: String) throws(ModelError) -> [LabelledValue] {
            guard let values = probs ?? data ?? (hasScore ? [score] : nil) else {
                throw ModelError(.malformed, "\(url) answered an entry without a score")
            }
            guard num_classes ?? values.count == values.count else {
                throw ModelError(
                    .malformed,
                    "\(url) answered \(values.count) numbers for \(num_classes ?? 0) classes")
            }
            return LabelledValue.numbered(values)
        }
    }

    var model: String?
    var data: [Entry]
    var usage: ServerUsage?
}
