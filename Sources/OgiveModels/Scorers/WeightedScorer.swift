package import OgiveCore

/// A weighted sum of other scorers. The reward of a completion is there when all its parts are.
package struct WeightedScorer: Scorer {
    /// A summand.
    package struct Part: Sendable {
        /// How messages call it.
        package var name: String
        /// The factor of its reward.
        package var weight: Double
        /// What gives its reward.
        package var scorer: any Scorer

        /// Joins the parts.
        package init(name: String, weight: Double, scorer: any Scorer) {
            self.name = name
            self.weight = weight
            self.scorer = scorer
        }
    }

    /// Most facts that are listed one by one; a fingerprint has room for few more.
    package static let factsMax = 200

    private let model: String
    private let parts: [Part]

    /// Takes the summands in the specification's order.
    package init(model: String, parts: [Part]) {
        self.model = model
        self.parts = parts
    }

    /// The facts of all parts.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        var fingerprints: [(name: String, fingerprint: Fingerprint)] = []
        for part in parts {
            fingerprints.append((part.name, try await part.scorer.fingerprint()))
        }
        return Self.fingerprint(model: model, fingerprints)
    }

    /// The facts of all parts under their names.
    package static func fingerprint(
        model: String, _ parts: [(name: String, fingerprint: Fingerprint)]
    ) -> Fingerprint {
        var facts = ["model": model, "server": "weighted"]
        for (name, fingerprint) in parts {
            for (fact, value) in fingerprint.facts { facts["\(name).\(fact)"] = value }
        }
        guard facts.count > factsMax else { return Fingerprint(facts) }
        facts = ["model": model, "server": "weighted"]
        for (name, fingerprint) in parts {
            facts["\(name).sha256"] = fingerprint.digest.hex
        }
        return Fingerprint(facts)
    }

    /// Asks all parts at once. What one part fails in, the sum fails in, under the part's name.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        let columns = await withTaskGroup(of: (Int, [Result<Score, ModelError>]).self) { group in
            for (place, part) in parts.enumerated() {
                group.addTask { (place, await part.scorer.score(requests)) }
            }
            var columns = [[Result<Score, ModelError>]](repeating: [], count: parts.count)
            for await (place, column) in group { columns[place] = column }
            return columns
        }
        if let place = columns.firstIndex(where: { $0.count != requests.count }) {
            let error = ModelError(
                .wrongCount,
                "part `\(parts[place].name)`: \(columns[place].count) rewards for "
                    + "\(requests.count) completions")
            return requests.map { _ in .failure(error) }
        }
        return requests.indices.map { place in sum(columns.map { $0[place] }) }
    }

    /// What one part refuses, the sum refuses, under the part's name.
    package func refusal(of prompt: Prompt) async -> ModelError? {
        for part in parts {
            guard var error = await part.scorer.refusal(of: prompt) else { continue }
            error.message = "part `\(part.name)`: \(error.message)"
            return error
        }
        return nil
    }

    /// The sum of one completion's parts.
    private func sum(_ results: [Result<Score, ModelError>]) -> Result<Score, ModelError> {
        var values: [Double] = []
        var failures: [ModelError] = []
        var tokens: TokenCount?
        for (part, result) in zip(parts, results) {
            switch result {
            case .success(let score):
                values.append(score.reward)
                if let reported = score.tokens { tokens = (tokens ?? TokenCount()) + reported }
            case .failure(var error):
                error.message = "part `\(part.name)`: \(error.message)"
                failures.append(error)
            }
        }
        // Asking again for what may pass is of no use while another part has failed for good.
        if let failure = failures.first(where: { !$0.isRetriable }) ?? failures.first {
            return .failure(failure)
        }
        let reward = zip(parts, values).reduce(0) { $0 + $1.0.weight * $1.1 }
        let score = Score(reward, parts: values, tokens: tokens)
        guard score.isPossible else {
            return .failure(
                ModelError(.notFinite, "the weighted sum of the parts \(values) is \(reward)"))
        }
        return .success(score)
    }
}

/// How the kind `weighted` is served: where its parts are.
package struct WeightedAdapter: ScorerAdapter {
    /// The parts by name.
    package var parts: [String: ScorerEndpoint]

    /// Takes the parts.
    package init(parts: [String: ScorerEndpoint] = [:]) {
        self.parts = parts
    }

    /// The parts.
    package static let keys = [ScorerKey("parts", of: [.weighted], isRequired: true)]

    /// Always `weighted`.
    package var kind: ScorerSpec.Kind.Name { .weighted }

    /// Reads nothing: each of `parts` is a section `scorer` itself, which the configuration reads.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        ScorerReading(.weighted([]), WeightedAdapter())
    }

    /// What any part reads.
    package static func metadataUse(
        of kind: ScorerSpec.Kind
    ) throws(ModelError) -> MetadataUse {
        var use = MetadataUse.none
        guard case .weighted(let parts) = kind else { return use }
        for part in parts { use = use.union(try part.scorer.metadataUse()) }
        return use
    }

    /// The backends of the parts.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        var known: [String: WeightedBackend.Part] = [:]
        for (name, part) in parts {
            known[name] = WeightedBackend.Part(
                endpoint: part, backend: try part.adapter.backend(at: part, AgreedFacts()))
        }
        return WeightedBackend(model: endpoint.model, parts: known)
    }
}

private struct WeightedBackend: ScorerBackend {
    struct Part: Sendable {
        var endpoint: ScorerEndpoint
        var backend: any ScorerBackend
    }

    let model: String
    let parts: [String: Part]

    var commands: [CommandScorer] { parts.values.flatMap { $0.backend.commands } }

    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer {
        guard case .weighted(let summands) = spec.kind else { throw spec.misplaced }
        var found: [WeightedScorer.Part] = []
        for summand in summands {
            guard let part = parts[summand.name], part.endpoint.serves(summand.scorer) else {
                let (kind, model) = (summand.scorer.kind.name, summand.scorer.model)
                throw ModelError(
                    .misconfigured,
                    "this worker's scorer `\(spec.model)` has no part `\(summand.name)` of kind "
                        + "`\(kind.rawValue)` and model `\(model)`")
            }
            found.append(
                WeightedScorer.Part(
                    name: summand.name, weight: summand.weight,
                    scorer: try part.backend.scorer(summand.scorer)))
        }
        return WeightedScorer(model: spec.model, parts: found)
    }

    func fingerprint() async throws(ModelError) -> Fingerprint {
        var fingerprints: [(name: String, fingerprint: Fingerprint)] = []
        for (name, part) in parts {
            fingerprints.append((name, try await part.backend.fingerprint()))
        }
        return WeightedScorer.fingerprint(model: model, fingerprints)
    }
}
