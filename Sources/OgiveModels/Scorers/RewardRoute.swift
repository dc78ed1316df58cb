internal import FoundationEssentials
internal import OgiveCore

/// How one server is asked for rewards: all that differs between servers.
struct RewardRoutes: Sendable {
    /// Whether and how it ranks completions of one prompt.
    enum Rerank: Sendable {
        /// By this request.
        case route(RerankRoute)
        /// Not with raw rewards; the reason follows the server's address.
        case none(String)
    }

    /// The ways to raw rewards that it has.
    var routes: [PoolingScorer.API: RewardRoute] = [:]
    /// What to do where it has none.
    var advice: [PoolingScorer.API: String] = [:]
    /// The way of `rerank`.
    var rerank = Rerank.none(
        "does not say which server it is, and so whether its /v1/rerank gives raw rewards; set "
            + "`server` to llama.cpp, vllm or tei")

    /// The route of `api`. Throws `unsupported` where there is none.
    func route(_ api: PoolingScorer.API, url: String) throws(ModelError) -> RewardRoute {
        if let route = routes[api] { return route }
        let advice = advice[api] ?? "use the scorer `classify`"
        throw ModelError(
            .unsupported,
            "\(url) has no API for the scorer `\(api.rawValue)`: \(advice)")
    }
}

/// Where and how one kind of scorer asks one server.
struct RewardRoute: Sendable {
    /// What becomes one reward.
    enum Form: Sendable {
        /// A conversation as messages, or as a text that was rendered here.
        case conversation
        /// A text that was rendered here; the server knows no chats.
        case text
        /// A prompt and a completion.
        case pair
    }

    /// The numbers of each text, in the order of the request, and what they took as far as the
    /// answer says.
    typealias Numbers = (values: [[LabelledValue]], tokens: TokenCount?)

    /// How a request and its answer are built.
    struct Shape: Sendable {
        /// The request's body; `isRaw` turns the activation off.
        var body: @Sendable (_ input: RewardInput, _ model: String, _ isRaw: Bool) -> JSONValue
        /// Reads the numbers of `count` texts. Throws when the answer as a whole is not what was
        /// asked for.
        var read:
            @Sendable (_ answer: Data, _ count: Int, _ url: String, _ models: [String]?)
                throws(ModelError) -> Numbers
    }

    /// The path that is posted to.
    var path: String
    /// What is sent.
    var form: Form
    /// How it is sent, and what comes.
    var shape: Shape
    /// Whether the server squashes rewards unless it is told not to.
    var hasActivation: Bool

    /// Joins the parts.
    init(_ path: String, _ form: Form, _ shape: Shape, hasActivation: Bool) {
        self.path = path
        self.form = form
        self.shape = shape
        self.hasActivation = hasActivation
    }
}

/// Where and how one server ranks completions of one prompt.
struct RerankRoute: Sendable {
    /// The path that is posted to.
    var path: String
    /// Whether the server squashes rewards unless it is told not to.
    var hasActivation: Bool
    /// The request's body; `isRaw` turns the activation off.
    var body:
        @Sendable (_ query: String, _ documents: [String], _ model: String, _ isRaw: Bool) ->
            JSONValue
    /// What comes.
    var shape: RerankReader.Shape
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

/// One of the numbers that a model gives for one text.
struct LabelledValue: Hashable, Sendable {
    /// The label as the server calls it; its number where the server names none.
    var label: String
    /// The number; `nil` where the server gave null.
    var value: Double?

    /// Numbers in the order of the labels, which the server does not name.
    static func numbered(_ values: [Double?]) -> [LabelledValue] {
        values.enumerated().map { LabelledValue(label: "\($0)", value: $1) }
    }

    /// The reward: the only value, or that of `label`.
    ///
    /// Throws `misconfigured` when the model has no such label: a worker declines the run then.
    /// Throws `malformed` when there are several values and no label is chosen: a model with a
    /// number for each token gives one to a text of one token, so this depends on the text. Throws
    /// `notFinite` when the value is no finite number.
    static func reward(_ values: [LabelledValue], label: String?, url: String)
        throws(ModelError) -> Double
    {
        let chosen = label.map { name in values.filter { $0.label == name } } ?? values
        guard chosen.count == 1 else {
            let names = values.prefix(40).map(\.label).joined(separator: ", ")
            throw ModelError(
                label == nil ? .malformed : .misconfigured,
                label == nil
                    ? "\(url) answered \(values.count) numbers for one conversation; serve a "
                        + "reward model with one label (num_labels: 1), or set `label` to one of: "
                        + names
                    : "\(url) has not exactly one label `\(label ?? "")`; its labels: \(names)")
        }
        guard let reward = chosen[0].value, reward.isFinite else {
            throw ModelError(.notFinite, "\(url) answered a reward that is no finite number")
        }
        return reward
    }
}
