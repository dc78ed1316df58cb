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
        let given: ScorerSpec.Kind.Name? = section.choice("kind")
        let kind = given ?? .synthetic
        let model = section.text("model")
        let verifier = section.optional("verifier", VerifierSpec.init(from:))
        let http = section.optional("http", HTTPSection.init(from:))
        let revision = section.text("revision")
        let label = section.text("label")
        let judge = section.optional("judge", JudgeSpec.init(from:))
        endpoint = EndpointConfiguration(
            from: section, isRequired: Self.served.contains(kind),
            adapter: given == nil && section.has("kind") ? nil : kind.rawValue,
            timeout: .seconds(120))
        let directory = section.filePath("directory") ?? section.reading.folder
        command = section.texts("command") ?? []
        if let program = command.first, program.contains("/"), !program.hasPrefix("/") {
            command[0] = "\(directory)/\(program)"
        }
        environment = section.names("environment") ?? [:]
        self.directory = directory
        announcesFacts = section.flag("announces_facts", default: false)
        template = section.text("template")
        price = section.tokenPrice()
        batchSize = section.integer("batch_size", default: 32, in: 1...4096)
        server = section.choice("server")
        checksActivation = section.flag("check_activation", default: true)
        self.http = http?.endpoint ?? HTTPScorerEndpoint()
        parts = isPart ? [] : section.sections("parts", Self.part) ?? []
        // What stands in for an absent section comes with a report.
        let meant: ScorerSpec.Kind =
            switch kind {
            case .verifier: .verifier(verifier ?? VerifierSpec(rule: .finalNumber))
            case .rerank: .rerank
            case .classify: .classify(label: label)
            case .pooling: .pooling(label: label)
            case .score: .score(label: label)
            case .http:
                .http(http?.spec ?? HTTPScorerSpec(path: "", request: "", score: ""))
            case .judge: .judge(judge ?? JudgeSpec(prompt: "", minimum: 0, maximum: 1))
            case .weighted:
                .weighted(
                    parts.map { PartSpec(name: $0.name, weight: $0.weight, scorer: $0.spec) })
            case .command: .command
            case .synthetic: .synthetic
            }
        spec = ScorerSpec(kind: meant, model: model ?? verifier?.rule.rawValue ?? kind.rawValue)
        spec.revision = revision
        check(section, isKnown: given != nil)
        if isPart { checkPart(section) } else { checkParts(section) }
    }

    /// The kinds that speak HTTP.
    private static let served: Set<ScorerSpec.Kind.Name> = [
        .rerank, .classify, .pooling, .score, .http, .judge,
    ]

    /// Reads an entry of `parts`: a name, a weight, and a scorer.
    private static func part(_ section: ConfigurationSection) -> ScorerConfiguration {
        let name = section.requiredText("name")
        let weight = section.number("weight", default: 1, "finite and not 0") { $0 != 0 }
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
        if case .weighted = spec.kind {
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
        if case .weighted = spec.kind, section.has("parts"), let problem = spec.problem {
            section.report("parts", "cannot be summed: \(problem)")
        }
    }

    /// Reports keys that another kind would need, or that this one does.
    private func check(_ section: ConfigurationSection, isKnown: Bool) {
        let kind = spec.kind.name
        guard isKnown else {
            if !section.has("kind") {
                let kinds = ScorerSpec.Kind.Name.allCases.map(\.rawValue).joined(separator: ", ")
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
        let reward: Set<ScorerSpec.Kind.Name> = [.rerank, .classify, .pooling, .score]
        for (key, owners) in [
            ("environment", [.command]), ("directory", [.command]), ("announces_facts", [.command]),
            ("template", [.classify, .pooling]), ("label", [.classify, .pooling, .score]),
            ("server", reward), ("check_activation", reward),
        ] as [(String, Set<ScorerSpec.Kind.Name>)]
        where section.has(key) && !owners.contains(kind) {
            section.report(key, "means nothing when \(section.path).kind is \(kind.rawValue)")
        }
        for (key, owner) in [
            ("verifier", ScorerSpec.Kind.Name.verifier), ("command", .command), ("http", .http),
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
