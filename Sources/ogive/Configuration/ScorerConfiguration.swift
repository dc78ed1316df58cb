internal import OgiveCore
internal import OgiveModels

/// The scorer, what and where: the section `scorer`.
struct ScorerConfiguration: Hashable, Sendable {
    /// Which scorer is meant.
    var spec: ScorerSpec
    /// Where it is served, when it speaks HTTP.
    var endpoint: EndpointConfiguration
    /// Program and arguments of the subprocess when the kind is `command`; a relative program
    /// with a slash was made absolute against `directory`.
    var command: [String]
    /// Variables added to the environment of the subprocess.
    var environment: [String: String]
    /// The folder that the subprocess runs in.
    var directory: String
    /// Whether the subprocess begins with a line of facts about itself.
    var announcesFacts: Bool
    /// How `classify` and `pooling` make one text of prompt and completion; `nil`: the server
    /// applies its chat template.
    var template: String?
    /// What tokens cost.
    var price: TokenPrice?
    /// Most completions of one request.
    var batchSize: Int
    /// Which server of reward models it is; `nil`: its pages say.
    var server: RewardServer?
    /// Whether it is found out at the start that rewards come raw.
    var checksActivation: Bool
    /// How `http` is reached besides its address.
    var http: HTTPScorerEndpoint
    /// The parts of `weighted`, in the order of the file.
    var parts: [ScorerConfiguration]
    /// The factor within a weighted sum.
    var weight = 1.0
    /// The name within a weighted sum.
    var name = ""

    /// Reads the section.
    init(from section: ConfigurationSection) {
        self.init(from: section, isPart: false)
    }

    /// Reads the section of a scorer, or of a part of a weighted one.
    private init(from section: ConfigurationSection, isPart: Bool) {
        section.heading("What. Changing any of these makes a new scoring; completions are kept.")
        let given: ScorerSpec.Kind? = section.choice(
            "kind", "what gives the rewards", example: .rerank, presence: .required)
        let kind = given ?? .synthetic
        let model = section.text(
            "model",
            "the id that the server reports, for http a name: kinds with a server need it; else a name",
            example: "tiny-reward", presence: .on)
        let verifier = section.optional(
            "verifier", "only for kind verifier: a rule against a field of the prompt's metadata",
            VerifierSpec.init(from:))
        let http = HTTPSection.read(section)
        spec = ScorerSpec(kind: kind, model: model ?? verifier?.rule.rawValue ?? kind.rawValue)
        spec.revision = section.text(
            "revision", "tells two versions behind one id apart", example: "\"1\"")
        spec.verifier = kind == .verifier ? verifier : nil
        spec.label = section.text(
            "label",
            "for classify, pooling, score: the label or its number, of a model with several",
            example: "\"0\"")
        spec.http = kind == .http ? http?.spec : nil
        let judge = section.optional(
            "judge",
            "only for kind judge: a language model behind /v1/chat/completions gives a number",
            JudgeSpec.init(from:))
        spec.judge = kind == .judge ? judge : nil
        endpoint = EndpointConfiguration(
            from: section, isRequired: Self.served.contains(kind),
            adapter: given == nil && section.has("kind") ? nil : kind.rawValue,
            timeout: .seconds(120))
        let program = Self.program(section)
        command = program.command
        environment = program.environment
        directory = program.directory
        announcesFacts = program.announcesFacts
        template = section.text(
            "template", "for classify, pooling: one text of prompt and completion",
            example: "\"{query}{document}\"", absent: "the server's chat template")
        price = section.tokenPrice()
        batchSize = section.integer(
            "batch_size", default: 32, in: 1...4096, "most completions of one request")
        server = section.choice(
            "server", "for rerank, classify, pooling, score: which server it is", example: .vLLM,
            absent: "its pages say")
        checksActivation = section.flag(
            "check_activation", default: true,
            "find out at the start whether rewards come raw", presence: .off)
        self.http = http?.endpoint ?? HTTPScorerEndpoint()
        parts = isPart ? [] : Self.parts(section)
        spec.parts =
            kind != .weighted
            ? nil : parts.map { PartSpec(name: $0.name, weight: $0.weight, scorer: $0.spec) }
        check(section, isKnown: given != nil)
        if isPart { checkPart(section) } else { checkParts(section) }
    }

    /// The kinds that speak HTTP.
    private static let served: Set<ScorerSpec.Kind> = [
        .rerank, .classify, .pooling, .score, .http, .judge,
    ]

    /// Reads the keys of the kind `command`.
    private static func program(
        _ section: ConfigurationSection
    ) -> (command: [String], environment: [String: String], directory: String, announcesFacts: Bool)
    {
        let directory =
            section.filePath(
                "directory", "for kind command: its folder", example: ".",
                absent: "the folder of this file") ?? section.reading.folder
        var command =
            section.texts(
                "command", "for kind command, which needs it: a subprocess that speaks JSON Lines",
                example: "[python3, score.py]") ?? []
        if let program = command.first, program.contains("/"), !program.hasPrefix("/") {
            command[0] = "\(directory)/\(program)"
        }
        let environment = section.names(
            "environment", "for kind command: variables added to the environment",
            example: "{MODE: strict}")
        let announcesFacts = section.flag(
            "announces_facts", default: false,
            """
            for kind command: its first line is {"facts": …}; wait for it, and make it part of the \
            fingerprint
            """,
            presence: .off)
        return (command, environment ?? [:], directory, announcesFacts)
    }

    /// Reads the list `parts`.
    private static func parts(_ section: ConfigurationSection) -> [ScorerConfiguration] {
        section.sections(
            "parts",
            """
            only for kind weighted: the reward is the sum of weight × reward over the parts; \
            beside name and weight, the keys of a scorer but parts and launch
            """,
            ownerBut: ["parts", "launch"], part) ?? []
    }

    /// Reads an entry of `parts`: a name, a weight, and a scorer.
    private static func part(_ section: ConfigurationSection) -> ScorerConfiguration {
        let name = section.requiredText(
            "name", "the part's name in ogive.reward_parts", example: "correct")
        let weight = section.number(
            "weight", default: 1, NumberRule(text: "finite and not 0", excludesZero: true),
            "the factor of its reward")
        // The other keys are those of `scorer`.
        if section.reading.collectsKeys { return ScorerConfiguration(placeholder: section) }
        var part = ScorerConfiguration(from: section, isPart: true)
        part.name = name
        part.weight = weight
        return part
    }

    private init(placeholder section: ConfigurationSection) {
        let silent = ConfigurationReading(folder: "", environment: [:])
        self.init(
            from: ConfigurationSection(
                path: "", place: section.place, entries: [], reading: silent), isPart: true)
    }

    /// Reports what only a scorer of its own can have.
    private func checkPart(_ section: ConfigurationSection) {
        if spec.kind == .weighted {
            section.report("kind", "must not be weighted within a weighted scorer")
        }
        if section.has("launch") {
            section.report("launch", "is not possible for a part; start its server and give `url`")
        }
        if endpoint.addresses.count > 1 {
            section.report("url", "must be one address for a part of a weighted scorer")
        }
    }

    private func checkParts(_ section: ConfigurationSection) {
        if spec.kind == .weighted, section.has("parts"), let problem = spec.problem {
            section.report("parts", "cannot be summed: \(problem)")
        }
    }

    /// Reports keys that another kind would need, or that this one does.
    private func check(_ section: ConfigurationSection, isKnown: Bool) {
        let kind = spec.kind
        guard isKnown else {
            if !section.has("kind") {
                let kinds = ScorerSpec.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                section.report("kind", "is missing", hint: "write one of \(kinds)")
            }
            return
        }
        if Self.served.contains(kind), spec.model.isEmpty || !section.has("model") {
            section.report(
                "model", "is missing",
                hint: kind == .http
                    ? "write a name for the model" : "write the id that the server reports")
        }
        let reward: Set<ScorerSpec.Kind> = [.rerank, .classify, .pooling, .score]
        for (key, owners) in [
            ("environment", [.command]), ("directory", [.command]), ("announces_facts", [.command]),
            ("template", [.classify, .pooling]), ("label", [.classify, .pooling, .score]),
            ("server", reward), ("check_activation", reward),
        ] as [(String, Set<ScorerSpec.Kind>)] where section.has(key) && !owners.contains(kind) {
            section.report(key, "means nothing when \(section.path).kind is \(kind.rawValue)")
        }
        for (key, owner) in [
            ("verifier", ScorerSpec.Kind.verifier), ("command", .command), ("http", .http),
            ("judge", .judge), ("parts", .weighted),
        ] {
            if kind == owner, !section.has(key) {
                section.report(key, "is missing", hint: "the kind \(kind.rawValue) needs it")
            } else if kind != owner, section.has(key) {
                section.report(key, "means nothing when \(section.path).kind is \(kind.rawValue)")
            }
        }
    }
}
