/// Which reference policy is meant: *what* is sampled, never *where* it is served.
package struct PolicySpec: Hashable, Sendable, Codable {
    /// The adapter that speaks to it.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// Any server with OpenAI-compatible completions.
        case openai
        /// No model: draws from a declared distribution, for tests and capacity planning.
        case synthetic
        /// Nobody whom Ogive asked: the completions came in a file, and no more can be sampled.
        case adopted

        /// The kinds that can be sampled: all that a configuration may name.
        package static let askable = allCases.filter { $0 != .adopted }
    }

    /// The API that a prompt is sent to.
    package enum API: String, Sendable, Codable, CaseIterable {
        /// `/v1/chat/completions`: the server applies its chat template.
        case chat
        /// `/v1/completions`: the prompt is sent as plain text.
        case completions
    }

    /// The adapter.
    package var kind: Kind
    /// The model id as the server reports it; for `synthetic` a name of the user's choice, for
    /// `adopted` what the user says of the file.
    package var model: String
    /// A label that tells two versions behind one model id apart; part of the identity.
    package var revision: String?
    /// The API; `nil` lets chats go to `chat` and plain texts to `completions`.
    package var api: API?
    /// How much of log π_ref(y|x) is asked for and stored.
    package var logProbabilities = LogProbabilities.sum
    /// What is sent with each request for draws besides what Ogive sends, as the server calls it.
    package var extraBody: [String: JSONValue]?
    /// The text of the token that ends a completion, where log-probabilities of candidates are
    /// asked for; `nil` takes the one with which the chat template ends a turn.
    package var endToken: String?
    /// The declared distribution when `kind` is `synthetic`.
    package var synthetic: SyntheticSpec?
    /// The file when `kind` is `adopted`.
    package var adopted: AdoptedSource?

    /// Names a policy.
    package init(kind: Kind, model: String) {
        self.kind = kind
        self.model = model
    }

    private enum CodingKeys: String, CodingKey {
        case kind, model, revision, api, synthetic, adopted
        case logProbabilities = "logprobs"
        case extraBody = "extra_body"
        case endToken = "end_token"
    }
}

extension PolicySpec {
    /// Whether the completions came in a file.
    package var isAdopted: Bool { kind == .adopted }

    /// What is wrong with the file of an adopted policy, as a sentence; `nil` when nothing is.
    package var adoptedProblem: String? {
        guard isAdopted else {
            return adopted == nil ? nil : "adopted means nothing when kind is \(kind.rawValue)"
        }
        return adopted.map(\.problem) ?? "an adopted policy must name its file"
    }

    /// Names of fields that `extraBody` cannot hold: Ogive sets them, or what they do would change
    /// what a draw, its seed or its log-probability is.
    package static let reservedFields: Set<String> = [
        "model", "messages", "prompt", "input", "n", "best_of", "seed", "stream", "stop",
        "temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens",
        "max_new_tokens", "n_predict", "num_predict", "options", "parameters", "raw", "truncate",
        "shift", "logprobs", "top_logprobs", "prompt_logprobs", "n_probs", "echo", "suffix",
        "presence_penalty", "frequency_penalty", "repetition_penalty", "repeat_penalty",
        "return_token_ids", "return_tokens", "continue_final_message", "add_generation_prompt",
        "reasoning_format", "separate_reasoning", "truncate_prompt_tokens", "use_beam_search",
    ]
    /// Most bytes of `extraBody` as JSON.
    static let extraBodyBytesMax = 65_536

    /// What is wrong with `extraBody`, as a sentence that names the key; `nil` when it is valid.
    package var extraBodyProblem: String? {
        guard let extraBody else { return nil }
        let reserved = extraBody.keys.filter(Self.reservedFields.contains).sorted()
        if let name = reserved.first {
            return "extra_body must not hold `\(name)`, which Ogive sets itself: use "
                + "`policy.sampling` and the other keys of `policy`"
        }
        if CanonicalJSON.encode(extraBody).count > Self.extraBodyBytesMax {
            return "extra_body must not be longer than \(Self.extraBodyBytesMax) bytes"
        }
        return nil
    }
}

/// How much of log π_ref(y|x) is asked for and stored with each draw, and with each candidate where
/// a run asks for that.
package enum LogProbabilities: String, Sendable, Codable, CaseIterable {
    /// Nothing.
    case none
    /// The sum over the tokens.
    case sum
    /// The sum, and the id and log-probability of each token.
    case tokens
}

/// A declared distribution of rewards and latencies, in place of a model.
///
/// A synthetic policy writes its latent reward into the text of the completion; a synthetic scorer
/// reads it back, so the whole path is exercised and the true distribution is known.
package struct SyntheticSpec: Hashable, Sendable, Codable {
    /// The law of the rewards.
    package enum Distribution: String, Sendable, Codable, CaseIterable {
        /// Normal with `mean` and `scale` (standard deviation).
        case normal
        /// Exponential with mean `scale`, shifted by `mean`.
        case exponential
        /// Uniform over `values`, so that ties are common.
        case discrete
    }

    /// The law of the rewards.
    package var distribution: Distribution = .normal
    /// Location, in units of reward.
    package var mean: Double = 0
    /// Scale, in units of reward; more than 0.
    package var scale: Double = 1
    /// The support of `discrete`.
    package var values: [Double] = []
    /// Mean time that a completion takes, in milliseconds (exponentially distributed; 0: none).
    package var latencyMilliseconds: Double = 0
    /// A day: a longer one would not fit a `Duration`, drawn at random.
    private static let latencyMillisecondsMax = 86_400_000.0
    /// Length of a completion's text, in characters.
    package var textLength: Int = 64

    /// The standard normal without latency.
    package init() {}

    private enum CodingKeys: String, CodingKey {
        case distribution, mean, scale, values
        case latencyMilliseconds = "latency_ms"
        case textLength = "text_length"
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        if !mean.isFinite { return "mean must be a finite number" }
        if !(scale > 0 && scale.isFinite) { return "scale must be more than 0" }
        if distribution == .discrete, values.isEmpty { return "discrete needs `values`" }
        if !values.allSatisfy(Score.mayBe) {
            return "values must be numbers up to ±\(Score.magnitudeMax)"
        }
        if !(0...Self.latencyMillisecondsMax).contains(latencyMilliseconds) {
            return "latency_ms must be in 0...\(Int(Self.latencyMillisecondsMax))"
        }
        if !(32...1_000_000).contains(textLength) {
            return "text_length must be in 32...1000000"
        }
        return nil
    }
}
