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
        /// Nobody whom Ogive asked: the rewards came in a file.
        case adopted(AdoptedSource)
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

    /// Whether the rewards came in a file, so that nobody can be asked for another one.
    package var isAdopted: Bool {
        if case .adopted = kind { true } else { false }
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
        case .adopted(let source): source.problem
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
            if part.scorer.isAdopted {
                return "part `\(part.name)` must not be adopted: only whole rewards are"
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
        case adopted

        /// The kinds that can be asked for rewards: all that a configuration may name.
        package static let askable = allCases.filter { $0 != .adopted }
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
        case .adopted: .adopted
        }
    }

    /// Whether the reward is of a range of its own, and may leave most of a text unread: that of a
    /// rule or of a judge, and not of a model that reads the text.
    package var isRule: Bool {
        switch self {
        case .verifier, .judge, .weighted, .synthetic: true
        case .rerank, .classify, .pooling, .score, .http, .command, .adopted: false
        }
    }
}

extension ScorerSpec: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, model, revision, verifier, label, http, judge, parts, adopted
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
        case .adopted: .adopted(try values.decode(AdoptedSource.self, forKey: .adopted))
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
        case .adopted: .adopted
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
        case .adopted(let source): try values.encode(source, forKey: .adopted)
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

/// How a language model judges: the rubric, its parameters and how its answer becomes a number.
package struct JudgeSpec: Hashable, Sendable, Codable {
    /// Where the number stands in the answer.
    package enum Rule: String, Sendable, Codable, CaseIterable {
        /// The last number of the answer. `8/10` ends in 10.
        case lastNumber = "last_number"
        /// The first group of the last match of `pattern`.
        case regex
        /// The JSON pointer `pointer` into the answer, which is JSON, in a code block or not.
        case json
        /// No number of the answer: the mean of `grades` over the probabilities of its first token.
        case expectedGrade = "expected_grade"
    }

    /// The user's message, with `{{prompt}}`, `{{completion}}`, `{{conversation}}`,
    /// `{{metadata.FIELD}}`.
    package var prompt: String
    /// The system's message; `nil` sends none.
    package var system: String?
    /// Where the number stands.
    package var rule: Rule = .lastNumber
    /// The regular expression of `regex`.
    package var pattern: String?
    /// The JSON pointer of `json`.
    package var pointer: String?
    /// For `expectedGrade`: the grade of each token, white space around tokens apart; `nil` takes
    /// the whole numbers from `minimum` to `maximum`.
    package var grades: [String: Double]?
    /// For `expectedGrade`: the least probability that all grades have together; `nil` is
    /// `massDefault`.
    package var minimumMass: Double?
    /// For `expectedGrade`: how many of the most probable tokens the server is asked for; `nil` is
    /// `tokensDefault`.
    package var tokens: Int?
    /// The least number that is a reward.
    package var minimum: Double
    /// The greatest number that is a reward.
    package var maximum: Double
    /// Temperature.
    package var temperature: Double = 0
    /// Most tokens of an answer; one that is longer is a failure.
    package var maxTokens = 1_024
    /// The seed of the first answer; answer i has `seed + i`.
    package var seed: UInt32 = 0
    /// How many answers are averaged; all must be there.
    package var samples = 1

    /// Most answers for one completion.
    package static let samplesMax = 64
    /// `minimumMass` of who says nothing: what other tokens have moves the mean by at most a tenth
    /// of the range.
    package static let massDefault = 0.9
    /// `tokens` of who says nothing: the most that OpenAI's API gives.
    package static let tokensDefault = 20
    /// Most tokens that can be asked for.
    package static let tokensMax = 100

    /// A rubric whose last number is the reward.
    package init(prompt: String, minimum: Double, maximum: Double) {
        self.prompt = prompt
        self.minimum = minimum
        self.maximum = maximum
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        guard minimum.isFinite, maximum.isFinite, minimum < maximum else {
            return "judge.min must be less than judge.max"
        }
        guard temperature.isFinite, temperature >= 0 else {
            return "judge.temperature must be at least 0"
        }
        guard (1...Self.samplesMax).contains(samples), maxTokens > 0 else {
            return "judge.samples must be in 1...\(Self.samplesMax), judge.max_tokens more than 0"
        }
        if rule == .regex, pattern == nil { return "judge.pattern is missing" }
        if rule == .json, pointer == nil { return "judge.pointer is missing" }
        return rule == .expectedGrade ? gradesProblem : nil
    }

    /// The grade of each token, without white space; empty when `grades` is `nil` and there are
    /// not 2 to `tokensMax` whole numbers from `minimum` to `maximum`.
    package var gradeOfToken: [String: Double] {
        if let grades { return grades }
        let (low, high) = (minimum.rounded(.up), maximum.rounded(.down))
        guard high - low >= 1, high - low < Double(Self.tokensMax), abs(low) < 1e15 else {
            return [:]
        }
        let numbers = (0...Int(high - low)).map { low + Double($0) }
        return Dictionary(uniqueKeysWithValues: numbers.map { ("\(Int64($0))", $0) })
    }

    private var gradesProblem: String? {
        let grades = gradeOfToken
        guard (2...Self.tokensMax).contains(grades.count) else {
            return
                "judge.grades must have 2 to \(Self.tokensMax) tokens (without it, so many whole "
                + "numbers must be in judge.min…judge.max)"
        }
        for (token, grade) in grades.sorted(by: { $0.key < $1.key }) {
            guard token.contains(where: { !$0.isWhitespace }),
                token.first?.isWhitespace == false, token.last?.isWhitespace == false
            else { return "judge.grades: a token must not be empty or have white space around it" }
            guard (minimum...maximum).contains(grade) else {
                return "judge.grades: \(grade) is not in judge.min…judge.max"
            }
        }
        if let minimumMass, !(minimumMass >= 0 && minimumMass <= 1) {
            return "judge.min_mass must be in [0, 1]"
        }
        if let tokens, !(1...Self.tokensMax).contains(tokens) {
            return "judge.top_logprobs must be in 1...\(Self.tokensMax)"
        }
        return samples == 1 ? nil : "judge.samples means nothing for expected_grade"
    }

    private enum CodingKeys: String, CodingKey {
        case prompt, system, rule, pattern, pointer, minimum, maximum, temperature, seed, samples
        case grades
        case maxTokens = "max_tokens"
        case minimumMass = "min_mass"
        case tokens = "top_logprobs"
    }
}

/// A reward that follows from a rule: the completion against a field of the prompt's metadata.
package struct VerifierSpec: Hashable, Sendable, Codable {
    /// What is compared.
    package enum Rule: String, Sendable, Codable, CaseIterable {
        /// The last number of the completion with the last number of the field
        /// (GSM8K's `#### 18` included).
        case finalNumber = "final_number"
        /// Whether the field, read as a regular expression, matches in the completion; or
        /// `pattern`, whose first group is then compared with the field.
        case regex
        /// The completion with the field, exactly, surrounding white space apart.
        case exact
    }

    /// What is compared.
    package var rule: Rule
    /// The metadata field that holds the answer.
    package var field: String = "answer"
    /// The regular expression of `regex`; `nil` takes the field as the expression.
    package var pattern: String?
    /// Whether a wrong number earns partial credit by its relative error:
    /// max(0, 1 − |x − a| / max(|a|, 1)). Only for `finalNumber`.
    package var graded: Bool = false

    /// A rule on the field `answer`.
    package init(rule: Rule) {
        self.rule = rule
    }
}

/// What an HTTP service is asked and where in its answer the reward stands.
///
/// All of it is part of the scoring's identity; the address, keys and headers are not.
package struct HTTPScorerSpec: Hashable, Sendable, Codable {
    /// The path that is posted to.
    package var path: String
    /// The request as JSON with placeholders: `{{prompt}}`, `{{completion}}`, `{{messages}}`,
    /// `{{conversation}}`, `{{metadata}}`, `{{metadata.FIELD}}`; or with `{{items}}`, a list with
    /// one `item` for each completion.
    package var request: String
    /// One element of `{{items}}`, with the placeholders above; `nil` sends one pair a request.
    package var item: String?
    /// The JSON pointer (RFC 6901) of the reward; with `item`, one `*` stands for the place in the
    /// list.
    package var score: String
    /// The JSON pointer of an item's error; a reward counts only where it finds nothing or null.
    package var errors: String?

    /// One pair a request.
    package init(path: String, request: String, score: String) {
        self.path = path
        self.request = request
        self.score = score
    }
}
