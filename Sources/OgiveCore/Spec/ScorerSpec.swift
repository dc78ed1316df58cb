/// Which reward is meant: *what* scores, never *where* it is served.
package struct ScorerSpec: Hashable, Sendable {
    /// The adapter that speaks to it, with what this kind alone needs. A label says which
    /// output is the reward when the model has several: its name or its number.
    package enum Kind: Hashable, Sendable {
        /// A check against a field of the prompt's metadata, computed by the worker.
        case verifier(VerifierSpec)
        /// A prompt and several completions in one request: `/v1/rerank` of llama.cpp (whose
        /// probability is turned back) and vLLM, `/rerank` of TEI.
        case rerank
        /// A conversation in one text: `/classify` of vLLM and SGLang, `/predict` of TEI.
        case classify(label: String? = nil)
        /// vLLM's `/pooling`, raw logit.
        case pooling(label: String? = nil)
        /// Pairs of prompt and completion: `/score` of vLLM, `/predict` of TEI.
        case score(label: String? = nil)
        /// Any HTTP service that takes and gives JSON.
        case http(HTTPScorerSpec)
        /// A language model that gives a number by a rubric.
        case judge(JudgeSpec)
        /// A weighted sum of other scorers.
        case weighted([PartSpec])
        /// A long-lived subprocess that speaks JSON Lines.
        case command
        /// Reads the latent reward of a synthetic policy.
        case synthetic
    }

    /// The adapter.
    package var kind: Kind
    /// The model id as its server reports it, or a name of the user's choice where none is served.
    package var model: String
    /// A label that tells two versions behind one name apart; part of the identity.
    package var revision: String?

    /// Most parts of a weighted sum.
    package static let partsMax = 16

    /// Names a scorer.
    package init(kind: Kind, model: String) {
        self.kind = kind
        self.model = model
    }

    /// The summands of a weighted sum; other kinds have none.
    package var parts: [PartSpec] {
        if case .weighted(let parts) = kind { parts } else { [] }
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        switch kind {
        case .judge(let judge): judge.problem
        case .weighted(let parts): Self.problem(of: parts)
        default: nil
        }
    }

    private static func problem(of parts: [PartSpec]) -> String? {
        guard (1...partsMax).contains(parts.count) else {
            return "a weighted scorer must have 1 to \(partsMax) parts"
        }
        guard Set(parts.map(\.name)).count == parts.count else {
            return "the parts of a weighted scorer must have different names"
        }
        for part in parts {
            if part.name.isEmpty || part.name.utf8.count > 100 {
                return "the name of a part must have 1 to 100 bytes"
            }
            if !part.weight.isFinite || part.weight == 0 {
                return "the weight of part `\(part.name)` must be finite and not 0"
            }
            if case .weighted = part.scorer.kind {
                return "part `\(part.name)` must not be a weighted sum itself"
            }
            if let problem = part.scorer.problem { return "part `\(part.name)`: \(problem)" }
        }
        return nil
    }
}

extension ScorerSpec.Kind {
    /// The kinds by name, as files, messages and the wire call them.
    package enum Name: String, Sendable, Codable, CaseIterable {
        case verifier, rerank, classify, pooling, score, http, judge, weighted, command, synthetic
    }

    /// The name.
    package var name: Name {
        switch self {
        case .verifier: .verifier
        case .rerank: .rerank
        case .classify: .classify
        case .pooling: .pooling
        case .score: .score
        case .http: .http
        case .judge: .judge
        case .weighted: .weighted
        case .command: .command
        case .synthetic: .synthetic
        }
    }

    /// Whether the reward is of a range of its own, and may leave most of a text unread: that of a
    /// rule or of a judge, and not of a model that reads the text.
    package var isRule: Bool {
        switch self {
        case .verifier, .judge, .weighted, .synthetic: true
        case .rerank, .classify, .pooling, .score, .http, .command: false
        }
    }
}

extension ScorerSpec: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, model, revision, verifier, label, http, judge, parts
    }

    /// Refuses a kind without what it needs, and what only another kind takes: the
    /// specification would lose it, and with it its identity.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        kind = try Self.kind(in: values)
        model = try values.decode(String.self, forKey: .model)
        revision = try values.decodeIfPresent(String.self, forKey: .revision)
        let known: [CodingKeys?] = [.kind, .model, .revision, Self.key(of: kind)]
        for key in values.allKeys where !known.contains(key) {
            guard try values.decodeNil(forKey: key) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values,
                    debugDescription: "means nothing when kind is \(kind.name.rawValue)")
            }
        }
    }

    private static func kind(in values: KeyedDecodingContainer<CodingKeys>) throws -> Kind {
        switch try values.decode(Kind.Name.self, forKey: .kind) {
        case .verifier: .verifier(try values.decode(VerifierSpec.self, forKey: .verifier))
        case .rerank: .rerank
        case .classify: .classify(label: try values.decodeIfPresent(String.self, forKey: .label))
        case .pooling: .pooling(label: try values.decodeIfPresent(String.self, forKey: .label))
        case .score: .score(label: try values.decodeIfPresent(String.self, forKey: .label))
        case .http: .http(try values.decode(HTTPScorerSpec.self, forKey: .http))
        case .judge: .judge(try values.decode(JudgeSpec.self, forKey: .judge))
        case .weighted: .weighted(try values.decode([PartSpec].self, forKey: .parts))
        case .command: .command
        case .synthetic: .synthetic
        }
    }

    /// The key of what a kind needs.
    private static func key(of kind: Kind) -> CodingKeys? {
        switch kind {
        case .verifier: .verifier
        case .classify, .pooling, .score: .label
        case .http: .http
        case .judge: .judge
        case .weighted: .parts
        case .rerank, .command, .synthetic: nil
        }
    }

    /// Leaves out what is not set.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(kind.name, forKey: .kind)
        try values.encode(model, forKey: .model)
        try values.encodeIfPresent(revision, forKey: .revision)
        switch kind {
        case .verifier(let rule): try values.encode(rule, forKey: .verifier)
        case .classify(let label), .pooling(let label), .score(let label):
            try values.encodeIfPresent(label, forKey: .label)
        case .http(let http): try values.encode(http, forKey: .http)
        case .judge(let judge): try values.encode(judge, forKey: .judge)
        case .weighted(let parts): try values.encode(parts, forKey: .parts)
        case .rerank, .command, .synthetic: break
        }
    }
}

/// One summand of a weighted scorer.
package struct PartSpec: Hashable, Sendable, Codable {
    /// How SQL and messages call it.
    package var name: String
    /// The factor of its reward; finite and not 0.
    package var weight: Double
    /// What gives its reward; no weighted sum itself.
    package var scorer: ScorerSpec

    /// Joins the parts.
    package init(name: String, weight: Double, scorer: ScorerSpec) {
        self.name = name
        self.weight = weight
        self.scorer = scorer
    }
}
