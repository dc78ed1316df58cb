package import OgiveCore

/// No model: draws from a declared distribution, for tests and capacity planning.
package struct SyntheticPolicy: Policy {
    private let spec: PolicySpec
    private let law: SyntheticLaw
    private let clock: TimeSource

    /// Takes the specification (its `synthetic`, else the standard normal) and the clock of its
    /// latency.
    package init(spec: PolicySpec, clock: TimeSource = .machine) throws(ModelError) {
        self.spec = spec
        self.law = try SyntheticLaw(spec.synthetic ?? SyntheticSpec())
        self.clock = clock
    }

    /// The name and the version of the generator; there is no server to ask.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        Self.fingerprint(model: spec.model)
    }

    /// What identifies a synthetic policy; its distribution is part of the specification.
    package static func fingerprint(model: String) -> Fingerprint {
        Fingerprint(["model": model, "server": "synthetic (no model)", "version": "1"])
    }

    /// Waits as long as the slowest of the draws takes: they run side by side.
    package func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        let seeds = request.indexes.map { request.seedBase &+ UInt64(truncatingIfNeeded: $0) }
        let latency = seeds.map(law.latency).max() ?? .zero
        if latency > .zero {
            do {
                try await clock.sleep(latency)
            } catch {
                let error = ModelError(.timeout, "the synthetic draw was cancelled")
                return seeds.map { _ in .failure(error) }
            }
        }
        return seeds.map { seed in
            var completion = law.completion(seed: seed, maxTokens: request.parameters.maxTokens)
            if spec.logProbabilities == .none { completion.logProbability = nil }
            return .success(completion)
        }
    }

    /// It can.
    package func logProbabilityObstacle() async throws(ModelError) -> String? { nil }

    /// Follows from prompt and text alone, about as large as those of draws.
    package func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>] {
        request.completions.map { text in
            .success(law.logProbability(of: text, after: request.prompt.key))
        }
    }
}

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
