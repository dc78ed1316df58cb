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
        let given: PolicySpec.Kind? = section.choice("kind")
        let kind = given ?? .openai
        // Of a kind that there is not, nothing follows for the other keys.
        let isKnown = given != nil || !section.has("kind")
        let model = section.text("model")
        spec = PolicySpec(kind: kind, model: model ?? "synthetic")
        spec.revision = section.text("revision")
        spec.logProbabilities = section.choice("logprobs") ?? .sum
        spec.endToken = section.text("end_token")
        switch section.choice("api", APIChoice.self) ?? .auto {
        case .auto: spec.api = nil
        case .chat: spec.api = .chat
        case .completions: spec.api = .completions
        }
        spec.extraBody = section.object("extra_body").flatMap { $0.isEmpty ? nil : $0 }
        let synthetic = section.optional("synthetic", SyntheticSpec.init(from:))
        spec.synthetic = kind == .synthetic ? synthetic ?? SyntheticSpec() : nil
        sampling = section.section("sampling", SamplingParameters.init(from:))
        endpoint = EndpointConfiguration(
            from: section, isRequired: kind == .openai, adapter: isKnown ? kind.rawValue : nil,
            timeout: .seconds(600))
        server = section.policyServer()
        price = section.tokenPrice()
        drawsPerRequest = section.integer("draws_per_request", default: 8, in: 1...1024)
        if isKnown, kind == .openai, model?.isEmpty ?? true {
            section.report("model", "is missing", hint: "write the id that the server reports")
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
        temperature = section.number("temperature", default: 1, "at least 0") { $0 >= 0 }
        topP = section.number("top_p", default: 1, "in (0, 1]") { $0 > 0 && $0 <= 1 }
        topK = section.integer("top_k", default: 0, in: 0...Int(Int32.max))
        minP = section.number("min_p", default: 0, "in [0, 1]") { $0 >= 0 && $0 <= 1 }
        maxTokens = section.integer("max_tokens", default: 512, in: 1...Int(Int32.max))
        stop = section.texts("stop") ?? []
        seed = section.integer("seed", default: 0, in: 0...UInt64.max)
        seedBits = DrawSeed.bits
        if stop.contains("") { section.report("stop", "must not hold an empty text") }
    }
}

extension SyntheticSpec {
    /// Reads `policy.synthetic`.
    init(from section: ConfigurationSection) {
        self.init()
        distribution = section.choice("distribution") ?? .normal
        mean = section.number("mean", default: 0)
        scale = section.number("scale", default: 1, "more than 0") { $0 > 0 }
        values = section.numbers("values") ?? []
        let latency = section.duration(
            "latency", default: .zero, in: .zero...(.seconds(3600)))
        latencyMilliseconds = latency / .milliseconds(1)
        textLength = section.integer("text_length", default: 64, in: 32...1_000_000)
        if distribution == .discrete, values.isEmpty {
            section.report("values", "is missing", hint: "list the values of `discrete`")
        }
        if distribution != .discrete, section.has("values") {
            section.report("values", "means nothing when the distribution is not discrete")
        }
    }
}
