/// Which reward is meant: *what* scores, never *where* it is served.
package struct ScorerSpec: Hashable, Sendable, Codable {
    /// The adapter that speaks to it.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A check against a field of the prompt's metadata, computed by the worker.
        case verifier
        /// `/v1/rerank` of llama.cpp; the raw reward is recovered from the probability.
        case rerank
        /// vLLM's `/classify`, raw logit.
        case classify
        /// vLLM's `/pooling`, raw logit.
        case pooling
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

    /// Most parts of a weighted sum.
    package static let partsMax = 64

    /// Names a scorer.
    package init(kind: Kind, model: String) {
        self.kind = kind
        self.model = model
    }
}
