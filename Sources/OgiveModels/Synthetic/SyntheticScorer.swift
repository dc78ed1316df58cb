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
