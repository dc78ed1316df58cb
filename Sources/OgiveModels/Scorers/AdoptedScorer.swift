package import OgiveCore

/// How the kind `adopted` is served: by nobody. Its rewards came in a file, so that no worker can
/// be asked for one, and no configuration can name it.
package struct AdoptedAdapter: ScorerAdapter {
    /// No settings.
    package init() {}

    /// None.
    package static let keys: [ScorerKey] = []

    /// Always `adopted`.
    package var kind: ScorerSpec.Kind.Name { .adopted }

    /// Reads nothing.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        ScorerReading(.adopted(AdoptedSource(sha256: "")), AdoptedAdapter())
    }

    /// Throws `misconfigured`: there is nothing to run on.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        throw ModelError(
            .misconfigured,
            "the rewards of scorer `\(endpoint.model)` were adopted from a file: nobody gives more "
                + "of them; `ogive rescore` lets a scorer of your own score the completions")
    }
}
