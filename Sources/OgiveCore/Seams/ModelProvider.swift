/// The models that a worker serves: its configuration says *where*, specifications say *what*.
package protocol ModelProvider: Sendable {
    /// What the worker announces in its `Hello`: read from the servers when it starts and again
    /// when they come back from an outage.
    func offer() async throws(ModelError) -> Offer

    /// The endpoints of the policy for a specification that `offer()` covers: at least one, always
    /// in the same order. They serve the same model; the worker chooses among them.
    func policies(for spec: PolicySpec) throws(ModelError) -> [Served<any Policy>]

    /// The endpoints of the scorer for a specification that `offer()` covers, as above.
    func scorers(for spec: ScorerSpec) throws(ModelError) -> [Served<any Scorer>]
}

/// What a worker can serve.
package struct Offer: Hashable, Sendable {
    /// A model behind an adapter, as fingerprinted.
    package struct Model: Hashable, Sendable {
        /// The adapter: the raw value of `PolicySpec.Kind` or `ScorerSpec.Kind.Name`.
        package var kind: String
        /// The model id.
        package var model: String
        /// What identifies it.
        package var fingerprint: Fingerprint
        /// Why a policy cannot tell log-probabilities of candidates; `nil` when it can, or is none.
        package var logProbabilityObstacle: String?

        /// Joins the parts.
        package init(kind: String, model: String, fingerprint: Fingerprint) {
            self.kind = kind
            self.model = model
            self.fingerprint = fingerprint
        }
    }

    /// The policies.
    package var policies: [Model]
    /// The scorers.
    package var scorers: [Model]

    /// Joins both.
    package init(policies: [Model], scorers: [Model]) {
        self.policies = policies
        self.scorers = scorers
    }
}
