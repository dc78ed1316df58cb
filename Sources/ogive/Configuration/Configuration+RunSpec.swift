internal import OgiveCore

extension Configuration {
    /// *What* the file asks for. Throws `.configuration` when a section that it takes is missing.
    func runSpec() throws(CommandError) -> RunSpec {
        guard let run, let prompts, let policy, let scorer else {
            let missing = [
                ("run", run == nil), ("prompts", prompts == nil), ("policy", policy == nil),
                ("scorer", scorer == nil),
            ].filter(\.1).map { "`\($0.0)`" }
            throw CommandError(
                .configuration,
                "\(source) lacks \(missing.joined(separator: ", ")), which a run needs")
        }
        let sampling = SamplingSpec(
            promptSet: prompts.set, policy: policy.spec, parameters: policy.sampling)
        let scoring = ScoringSpec(sampling: sampling, scorer: scorer.spec)
        var spec = RunSpec(name: run.name, scoring: scoring, draws: run.draws)
        spec.adaptive = run.adaptive
        spec.candidates = run.candidates
        spec.candidatesFirst = run.candidatesFirst
        spec.weight = run.weight
        if policy.price != nil || scorer.price != nil {
            spec.prices = Prices(policy: policy.price, scorer: scorer.price)
        }
        spec.budget = run.budget
        if let problem = spec.problem {
            throw CommandError(.configuration, "\(source): \(problem)")
        }
        return spec
    }

    /// The endpoint that this file's workers connect to.
    var workerEndpoints: [String] { worker.connect ?? [coordinator.listen] }

    /// The section `database`. Throws `.configuration` when there is none.
    func requiredDatabase() throws(CommandError) -> DatabaseConfiguration {
        guard let database else {
            throw CommandError(
                .configuration,
                "\(source) lacks `database`: add `embedded: FOLDER` or `url: postgresql://…`")
        }
        return database
    }
}
