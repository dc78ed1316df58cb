package import OgiveCore

/// Reads the latent reward that a synthetic policy wrote into its text.
package struct SyntheticScorer: Scorer {
    private let model: String

    /// Takes the name.
    package init(model: String) {
        self.model = model
    }

    /// The same as of a synthetic policy of this name.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        SyntheticPolicy.fingerprint(model: model)
    }

    /// Fails as `malformed` where a text was not written by a synthetic policy.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        requests.map { request in
            Result { () throws(ModelError) in
                Score(try SyntheticText.reward(in: request.completion))
            }
        }
    }
}

/// How the kind `synthetic` is served: here, without settings.
package struct SyntheticAdapter: ScorerAdapter {
    /// No settings.
    package init() {}

    /// None.
    package static let keys: [ScorerKey] = []

    /// Always `synthetic`.
    package var kind: ScorerSpec.Kind.Name { .synthetic }

    /// Reads nothing.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        ScorerReading(.synthetic, SyntheticAdapter())
    }

    /// Nothing has to be made.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        SyntheticBackend(model: endpoint.model)
    }
}

private struct SyntheticBackend: ScorerBackend {
    let model: String

    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer {
        SyntheticScorer(model: spec.model)
    }

    func fingerprint() async throws(ModelError) -> Fingerprint {
        try await SyntheticScorer(model: model).fingerprint()
    }
}
