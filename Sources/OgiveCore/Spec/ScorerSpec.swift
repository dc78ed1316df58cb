/// Which reward is meant: *what* scores, never *where* it is served.
package struct ScorerSpec: Hashable, Sendable, Codable {
    /// The adapter that speaks to it.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A check against a field of the prompt's metadata, computed by the worker.
        case verifier
        /// A prompt and several completions in one request: `/v1/rerank` of llama.cpp (whose
        /// probability is turned back) and vLLM, `/rerank` of TEI.
        case rerank
        /// A conversation in one text: `/classify` of vLLM and SGLang, `/predict` of TEI.
        case classify
        /// vLLM's `/pooling`, raw logit.
        case pooling
        /// Pairs of prompt and completion: `/score` of vLLM, `/predict` of TEI.
        case score
        /// Any HTTP service that takes and gives JSON.
        case http
        /// A language model that gives a number by a rubric.
        case judge
        /// A weighted sum of other scorers.
        case weighted
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
    /// The rule when `kind` is `verifier`.
    package var verifier: VerifierSpec?
    /// Which output is the reward when the model has several: a label's name or its number.
    package var label: String?
    /// What is sent and read when `kind` is `http`.
    package var http: HTTPScorerSpec?
    /// The rubric when `kind` is `judge`.
    package var judge: JudgeSpec?
    /// The summands when `kind` is `weighted`.
    package var parts: [PartSpec]?

    /// Most parts of a weighted sum.
    package static let partsMax = 16

    /// Names a scorer.
    package init(kind: Kind, model: String) {
        self.kind = kind
        self.model = model
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        guard kind == .weighted else { return judge?.problem }
        let parts = parts ?? []
        guard (1...Self.partsMax).contains(parts.count) else {
            return "a weighted scorer must have 1 to \(Self.partsMax) parts"
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
            if part.scorer.kind == .weighted {
                return "part `\(part.name)` must not be a weighted sum itself"
            }
            if let problem = part.scorer.problem { return "part `\(part.name)`: \(problem)" }
        }
        return nil
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
