internal import OgiveCore
internal import OgiveModels

/// The reference policy, what and where: the section `policy`.
struct PolicyConfiguration: Hashable, Sendable {
    /// Which policy is meant.
    var spec: PolicySpec
    /// How it is sampled.
    var sampling: SamplingParameters
    /// Where it is served.
    var endpoint: EndpointConfiguration
    /// Which server it is; `nil` asks it.
    var server: ServerKind?
    /// What tokens cost.
    var price: TokenPrice?
    /// Most draws of one request.
    var drawsPerRequest: Int

    private enum APIChoice: String, CaseIterable {
        case auto, chat, completions
    }

    /// Reads the section.
    init(from section: ConfigurationSection) {
        section.heading("What. Changing any of these makes a new sampling.")
        let given = section.choice(
            "kind", among: PolicySpec.Kind.askable, orDefault: PolicySpec.Kind.openai,
            "openai: any server with OpenAI-compatible completions; synthetic: no model")
        let kind = given ?? .openai
        // Of a kind that there is not, nothing follows for the other keys.
        let isKnown = given != nil || !section.has("kind")
        let model = section.text(
            "model", "the id that the server reports in /v1/models; openai needs it",
            example: "tiny-policy", presence: .on)
        spec = PolicySpec(kind: kind, model: model ?? "synthetic")
        spec.revision = section.text(
            "revision", "distinguishes two versions behind one id", example: "\"1\"")
        spec.logProbabilities = section.choice(
            "logprobs", default: .sum,
            "log π_ref(y|x) stored with each draw; tokens: token ids and their values too")
        spec.endToken = section.text(
            "end_token",
            "text of the token that ends a completion, for log-probabilities of candidates",
            example: "\"<|end|>\"", absent: "as the chat template")
        let api = section.choice(
            "api", default: APIChoice.auto,
            "auto: chats to /v1/chat/completions, texts to /v1/completions")
        switch api {
        case .auto: spec.api = nil
        case .chat: spec.api = .chat
        case .completions: spec.api = .completions
        }
        let extraBody = section.object(
            "extra_body",
            "fields that Ogive sends with each request for draws, besides its own",
            example: "{chat_template_kwargs: {enable_thinking: false}}")
        spec.extraBody = extraBody.flatMap { $0.isEmpty ? nil : $0 }
        let synthetic = section.optional(
            "synthetic",
            "only for kind synthetic: the distribution that latent rewards are drawn from",
            SyntheticSpec.init(from:))
        spec.synthetic = kind == .synthetic ? synthetic ?? SyntheticSpec() : nil
        sampling = section.section(
            "sampling", "how the policy is sampled", SamplingParameters.init(from:))
        endpoint = EndpointConfiguration(
            from: section, isRequired: kind == .openai, adapter: isKnown ? kind.rawValue : nil,
            timeout: .seconds(600))
        server = section.policyServer()
        price = section.tokenPrice()
        drawsPerRequest = section.integer(
            "draws_per_request", default: 8, in: 1...1024,
            "most draws of one request (n); llama.cpp takes at most its slots")
        check(section, isKnown: isKnown, model: model)
    }

    /// `isKnown`: the kind is one that there is.
    private func check(_ section: ConfigurationSection, isKnown: Bool, model: String?) {
        let kind = spec.kind
        if isKnown, kind == .openai, model?.isEmpty ?? true {
            section.reportMissing("model", hint: "write the id that the server reports")
        }
        if let problem = spec.extraBodyProblem {
            section.report("extra_body", String(problem.trimmingPrefix("extra_body ")))
        }
        for key in ["server", "extra_body"] where kind != .openai && section.has(key) {
            section.report(key, "means nothing when \(section.path).kind is \(kind.rawValue)")
        }
        if isKnown, kind == .openai, section.has("synthetic") {
            section.report("synthetic", "means nothing when \(section.path).kind is openai")
        }
    }
}

extension SamplingParameters {
    /// Reads `policy.sampling`.
    init(from section: ConfigurationSection) {
        self.init()
        temperature = section.number(
            "temperature", default: 1, .notNegative, "1 samples the policy itself")
        topP = section.number(
            "top_p", default: 1, NumberRule(text: "in (0, 1]", exclusiveMinimum: 0, maximum: 1),
            "1 is off")
        topK = section.integer("top_k", default: 0, in: 0...Int(Int32.max), "0 is off")
        minP = section.number(
            "min_p", default: 0, NumberRule(text: "in [0, 1]", minimum: 0, maximum: 1),
            "0 is off")
        maxTokens = section.integer(
            "max_tokens", default: 512, in: 1...Int(Int32.max),
            "a longer completion is kept and flagged as truncated")
        stop = section.texts("stop", default: [], "texts that end a completion")
        seed = section.integer(
            "seed", default: 0, in: 0...UInt64.max,
            "another value gives an independent replicate")
        seedBits = DrawSeed.bits
        if stop.contains("") { section.report("stop", "must not hold an empty text") }
    }
}

extension SyntheticSpec {
    /// Reads `policy.synthetic`.
    init(from section: ConfigurationSection) {
        self.init()
        distribution = section.choice(
            "distribution", default: .normal,
            "normal (mean, scale), exponential (mean + scale·Exp(1)), discrete (values)")
        mean = section.number("mean", default: 0, .finite, "location, in units of reward")
        scale = section.number("scale", default: 1, .positive, "in units of reward")
        values =
            section.numbers(
                "values", "the support, uniform; discrete needs it", example: "[0, 1]") ?? []
        let latency = section.duration(
            "latency", default: .zero, in: .zero...(.seconds(3600)),
            "mean time of a completion, exponentially distributed")
        latencyMilliseconds = latency / .milliseconds(1)
        textLength = section.integer(
            "text_length", default: 64, in: 32...1_000_000, "characters of a completion")
        if distribution == .discrete, values.isEmpty {
            section.reportMissing("values", hint: "list the values of `discrete`")
        }
        if distribution != .discrete, section.has("values") {
            section.report("values", "means nothing when the distribution is not discrete")
        }
    }
}

extension ConfigurationSection {
    /// `policy.server`: which server a policy is behind; `nil`, or `auto`, asks it.
    func policyServer() -> ServerKind? {
        let kinds = ServerKind.all.filter(\.completes)
        let name = word(
            "server", among: ["auto"] + kinds.map(\.yamlName), default: "auto",
            "which server it is; auto: Ogive asks the server")
        return kinds.first { $0.yamlName == name }
    }
}
