internal import OgiveCore

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

    /// Reads the section.
    init(from section: ConfigurationSection) {
        let given: ScorerSpec.Kind? = section.choice("kind")
        let kind = given ?? .synthetic
        let isServed = [.rerank, .classify, .pooling].contains(kind)
        let model = section.text("model")
        let verifier = section.optional("verifier", VerifierSpec.init(from:))
        spec = ScorerSpec(kind: kind, model: model ?? verifier?.rule.rawValue ?? kind.rawValue)
        spec.revision = section.text("revision")
        spec.verifier = kind == .verifier ? verifier : nil
        endpoint = EndpointConfiguration(
            from: section, isRequired: isServed, adapter: kind.rawValue, timeout: .seconds(120))
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
        check(section, isKnown: given != nil, isServed: isServed)
    }

    /// Reports keys that another kind would need, or that this one does.
    private func check(_ section: ConfigurationSection, isKnown: Bool, isServed: Bool) {
        let kind = spec.kind
        guard isKnown else {
            if !section.has("kind") {
                let kinds = ScorerSpec.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                section.report("kind", "is missing", hint: "write one of \(kinds)")
            }
            return
        }
        if isServed, spec.model.isEmpty || !section.has("model") {
            section.report("model", "is missing", hint: "write the id that the server reports")
        }
        for key in ["environment", "directory", "announces_facts"] where kind != .command && section.has(key) {
            section.report(key, "means nothing when \(section.path).kind is \(kind.rawValue)")
        }
        if section.has("template"), kind != .classify, kind != .pooling {
            section.report(
                "template", "means nothing when \(section.path).kind is \(kind.rawValue)")
        }
        for (key, owner) in [("verifier", ScorerSpec.Kind.verifier), ("command", .command)] {
            if kind == owner, !section.has(key) {
                section.report(key, "is missing", hint: "the kind \(kind.rawValue) needs it")
            } else if kind != owner, section.has(key) {
                section.report(key, "means nothing when \(section.path).kind is \(kind.rawValue)")
            }
        }
    }
}

extension VerifierSpec {
    /// Reads `scorer.verifier`.
    init(from section: ConfigurationSection) {
        let given: Rule? = section.choice("rule")
        self.init(rule: given ?? .finalNumber)
        field = section.text("field") ?? "answer"
        pattern = section.text("pattern")
        graded = section.flag("graded", default: false)
        if given == nil, !section.has("rule") {
            let rules = Rule.allCases.map(\.rawValue).joined(separator: ", ")
            section.report("rule", "is missing", hint: "write one of \(rules)")
        }
        if field.isEmpty { section.report("field", "must not be empty") }
        if let pattern, let problem = Self.problem(of: pattern) {
            section.report("pattern", "is not a regular expression: \(problem)")
        }
        if rule != .regex, pattern != nil {
            section.report("pattern", "means nothing unless the rule is regex")
        }
        if rule != .finalNumber, graded {
            section.report("graded", "means nothing unless the rule is final_number")
        }
    }

    private static func problem(of pattern: String) -> String? {
        do {
            _ = try Regex(pattern)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
