internal import OgiveCore
internal import OgiveModels

/// The scorer, what and where: the section `scorer`.
struct ScorerConfiguration: Sendable {
    /// A summand of a weighted scorer: an entry of `parts`.
    struct Part: Sendable {
        /// How SQL and messages call it.
        var name: String
        /// The factor of its reward.
        var weight: Double
        /// What gives its reward.
        var scorer: ScorerConfiguration
    }

    /// Which scorer is meant.
    var spec: ScorerSpec
    /// How its kind is served; of `weighted` without its parts.
    var adapter: any ScorerAdapter
    /// Where it is served, when it speaks HTTP.
    var endpoint: EndpointConfiguration
    /// What tokens cost.
    var price: TokenPrice?
    /// Most completions of one request.
    var batchSize: Int
    /// The parts of `weighted`, in the order of the file.
    var parts: [Part]

    /// Reads the section.
    init(from section: ConfigurationSection) {
        self.init(from: section, isPart: false)
    }

    /// Reads the section of a scorer, or of a part of a weighted one.
    private init(from section: ConfigurationSection, isPart: Bool) {
        section.heading("What. Changing any of these makes a new scoring; completions are kept.")
        let given: ScorerSpec.Kind.Name? = section.choice(
            "kind", among: ScorerSpec.Kind.Name.askable, "what gives the rewards",
            example: .rerank, presence: .required)
        let kind = given ?? .synthetic
        let model = section.text(
            "model",
            """
            for kinds with a server, which need it: the id that it reports (http: a name); else a \
            name
            """,
            example: "tiny-reward", presence: .on)
        let revision = section.text(
            "revision", "distinguishes two versions behind one id", example: "\"1\"")
        section.heading(
            """
            Of some kinds only. A change of `verifier`, `label`, `judge`, `parts`, or of what \
            `http` asks, makes a new scoring, too.
            """)
        let reading = ScorerReading.all(of: kind, from: section)
        adapter = reading.adapter
        endpoint = EndpointConfiguration(
            from: section, isRequired: kind.adapter.isServed,
            adapter: given == nil && section.has("kind") ? nil : kind.rawValue,
            timeout: .seconds(120))
        price = section.tokenPrice()
        batchSize = section.integer(
            "batch_size", default: 32, in: 1...4096, "most completions of one request")
        parts = isPart ? [] : Self.parts(section)
        spec = ScorerSpec(kind: reading.kind, model: model ?? reading.model)
        spec.revision = revision
        if kind == .weighted {
            spec.kind = .weighted(
                parts.map { PartSpec(name: $0.name, weight: $0.weight, scorer: $0.scorer.spec) })
        }
        check(section, isKnown: given != nil)
        if isPart { checkPart(section) } else { checkParts(section) }
    }

    /// Reads the list `parts`.
    private static func parts(_ section: ConfigurationSection) -> [Part] {
        section.sections(
            "parts",
            """
            only for kind weighted: the reward is the sum of weight × reward over the parts; \
            besides name and weight, all keys of a scorer except parts and launch
            """,
            ownerBut: ["parts", "launch"], part) ?? []
    }

    /// Reads an entry of `parts`: a name, a weight, and a scorer.
    private static func part(_ section: ConfigurationSection) -> Part {
        let name = section.requiredText(
            "name", "the part's name in ogive.reward_parts", example: "correct")
        let weight = section.number(
            "weight", default: 1, NumberRule(text: "finite and not 0", excludesZero: true),
            "the factor of its reward")
        // The other keys are those of `scorer`.
        let scorer =
            section.reading.collectsKeys
            ? ScorerConfiguration(placeholder: section)
            : ScorerConfiguration(from: section, isPart: true)
        return Part(name: name, weight: weight, scorer: scorer)
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
                let kinds = ScorerSpec.Kind.Name.askable.map(\.rawValue).joined(separator: ", ")
                section.reportMissing("kind", hint: "write one of \(kinds)")
            }
            return
        }
        if kind.adapter.isServed, spec.model.isEmpty || !section.has("model") {
            section.reportMissing("model", hint: kind.adapter.modelHint)
        }
        for key in ScorerSpec.Kind.Name.adapters.flatMap({ $0.keys }) {
            if !key.kinds.contains(kind) {
                guard section.has(key.name) else { continue }
                section.report(
                    key.name, "means nothing when \(section.path).kind is \(kind.rawValue)")
            } else if key.isRequired, !section.has(key.name) {
                section.reportMissing(
                    key.name, hint: "the kind \(kind.rawValue) needs it")
            }
        }
    }
}

/// The kinds of scorers read their keys themselves.
extension ConfigurationSection: ScorerSection {
    /// The folder of the file, where relative paths begin.
    var folder: String { reading.folder }
}
