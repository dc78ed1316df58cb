internal import OgiveCore
internal import OgiveStore

/// Submits another scoring of what a run's sampling has stored.
struct Rescoring {
    /// The run whose completions are scored.
    let source: String
    /// The name of the new run; `nil` makes one of the run's and the model's.
    let name: String?
    /// Which scorer is meant.
    let scorer: ScorerSpec
    /// Whether candidates are scored; `nil` does as the source.
    let candidates: Bool?
    /// Whether failures are forgotten, so that their items are tried again.
    let retriesFailures: Bool

    /// Takes the scorer of a configuration. Throws `.configuration` when there is none.
    init(
        source: String, name: String?, configuration: Configuration, candidates: Bool?,
        retriesFailures: Bool
    ) throws(CommandError) {
        guard let scorer = configuration.scorer else {
            throw CommandError(
                .configuration, "\(configuration.source) lacks `scorer`: who is to score?")
        }
        self.source = source
        self.name = name
        self.scorer = scorer.spec
        self.candidates = candidates
        self.retriesFailures = retriesFailures
    }

    /// The run whose completions are scored. Throws `.incomplete` when there is no such run.
    func scored(_ store: PostgresStore) async throws -> RunDescription {
        let names = try await store.status().map(\.run)
        guard names.contains(source) else { throw Self.unknown(source, among: names) }
        let scored = try await store.run(named: source)
        guard scored.spec.scoring.scorer != scorer else {
            throw CommandError(
                .configuration,
                "run '\(source)' is scored by this scorer already; when it is another one by the "
                    + "same name, say so by `scorer.revision`")
        }
        return scored
    }

    /// Submits it.
    func submit(_ spec: RunSpec, _ store: PostgresStore) async throws -> Submission.Result {
        var receipt = try await store.submit(spec)
        var retried = 0
        if retriesFailures {
            retried = try await store.retryFailures(ofRun: spec.name)
            if retried > 0 { receipt.isFinished = false }
        }
        return Submission.Result(imported: nil, receipt: receipt, retried: retried)
    }

    /// The source's sampling with another scorer, sampling nothing and so costing nothing.
    func spec(of source: RunSpec) -> RunSpec {
        var spec = RunSpec(
            name: name ?? "\(source.name)-\(shortModel)",
            scoring: ScoringSpec(sampling: source.scoring.sampling, scorer: scorer),
            draws: source.draws)
        spec.weight = source.weight
        // Log-probabilities are the policy's: another scorer does not change them.
        spec.candidates = candidates ?? source.scoresCandidates ? [.score] : []
        spec.samples = false
        return spec
    }

    /// The model's name without the folders or the owner in front of it.
    private var shortModel: String {
        scorer.model.split(separator: "/").last.map(String.init) ?? scorer.model
    }

    static func unknown(_ name: String, among names: [String]) -> CommandError {
        let nearest = NearestName.find(name, among: names).map { "Did you mean '\($0)'?" }
        let list = names.suffix(10).map { "'\($0)'" }.joined(separator: ", ")
        let known = names.isEmpty ? "There are no runs yet." : "There are \(list)."
        return CommandError(.incomplete, "there is no run '\(name)'. \(nearest ?? known)")
    }
}
