package import OgiveCore

/// A scorer whose failed scorings are tried again; the completions stay.
package struct RetryingScorer: Scorer {
    private let scorer: any Scorer
    private let retrying: Retrying

    /// Decorates `scorer`.
    package init(_ scorer: any Scorer, retrying: Retrying = Retrying()) {
        self.scorer = scorer
        self.retrying = retrying
    }

    /// Asked without retries: a server that is not there yet is for the caller to wait for.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        try await scorer.fingerprint()
    }

    /// Scores again only the requests that failed and may succeed.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Double, ModelError>] {
        await retrying.run(count: requests.count) { open in
            await scorer.score(open.map { requests[$0] })
        }
    }
}
