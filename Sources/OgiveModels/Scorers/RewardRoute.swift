internal import OgiveCore

/// Where and how one kind of scorer asks one server: all that differs between servers.
struct RewardRoute: Hashable, Sendable {
    /// What becomes one reward.
    enum Form: Sendable {
        /// A conversation as messages, or as a text that was rendered here.
        case conversation
        /// A text that was rendered here; the server knows no chats.
        case text
        /// A prompt and a completion.
        case pair
    }

    /// How an answer is built.
    enum Shape: Sendable {
        /// `{"data": [{"index", "probs" | "data" | "score"}]}`
        case indexed
        /// `[{"embedding"}]`, in the order of the request.
        case embeddings
        /// `[[{"label", "score"}]]`, in the order of the request, the labels sorted by score.
        case predictions
    }

    /// The path that is posted to.
    var path: String
    /// What is sent.
    var form: Form
    /// What comes.
    var shape: Shape
    /// Whether the server squashes rewards unless it is told not to.
    var hasActivation: Bool

    /// The way of `endpoint` at `server`. Throws `unsupported` where there is none that gives raw
    /// rewards.
    init(_ endpoint: PoolingScorer.Endpoint, at server: RewardServer, url: String)
        throws(ModelError)
    {
        switch (endpoint, server) {
        case (.classify, .vLLM), (.pooling, .vLLM):
            self.init("/\(endpoint.rawValue)", .conversation, .indexed, hasActivation: true)
        case (.score, .vLLM):
            self.init("/score", .pair, .indexed, hasActivation: true)
        case (.classify, .sglang):
            self.init("/classify", .text, .embeddings, hasActivation: false)
        case (.classify, .tei):
            self.init("/predict", .text, .predictions, hasActivation: true)
        case (.score, .tei):
            self.init("/predict", .pair, .predictions, hasActivation: true)
        case (.pooling, _):
            throw Self.missing(endpoint, url, "use the scorer `classify`")
        case (.score, .sglang):
            throw Self.missing(
                endpoint, url,
                "SGLang's /v1/score gives probabilities of tokens of a language model and no "
                    + "reward; use the scorer `classify`")
        case (_, .llamaCpp):
            throw Self.missing(endpoint, url, "use the scorer `rerank`")
        }
    }

    private init(_ path: String, _ form: Form, _ shape: Shape, hasActivation: Bool) {
        self.path = path
        self.form = form
        self.shape = shape
        self.hasActivation = hasActivation
    }

    private static func missing(
        _ endpoint: PoolingScorer.Endpoint, _ url: String, _ advice: String
    ) -> ModelError {
        ModelError(
            .unsupported,
            "\(url) has no endpoint for the scorer `\(endpoint.rawValue)`: \(advice)")
    }

    /// The request's body; `isRaw` turns the activation off.
    func body(_ input: RewardInput, model: String, isRaw: Bool) -> JSONValue {
        switch shape {
        case .embeddings:
            return .object(["text": .texts(input.texts)])
        case .predictions:
            let inputs = input.pairs.map { JSONValue.texts($0) }
            return .object([
                "inputs": .list(inputs), "raw_scores": .flag(isRaw), "truncate": .flag(false),
            ])
        case .indexed:
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
        }
    }
}

/// What is to be scored by one request.
enum RewardInput: Sendable {
    case messages([ChatMessage])
    case texts([String])
    case pairs([(query: String, reply: String)])

    /// The texts; none of messages and pairs.
    var texts: [String] {
        if case .texts(let texts) = self { texts } else { [] }
    }

    /// Texts alone, or with what they belong to.
    var pairs: [[String]] {
        switch self {
        case .messages: []
        case .texts(let texts): texts.map { [$0] }
        case .pairs(let pairs): pairs.map { [$0.query, $0.reply] }
        }
    }
}
