internal import OgiveCore

/// Asks the scorer for the rewards of some leases together.
///
/// A failed scoring is tried again as a scoring; the completion stays as it is.
struct ScoreStage: Sendable {
    let provider: any ModelProvider
    let gate: EndpointGate
    let leases: PipelineLeases
    let time: TimeSource

    /// Fills in rewards and failures, and leaves out leases that are not wanted any more. All jobs
    /// belong to one run.
    func process(_ jobs: [LeaseJob]) async -> [LeaseJob] {
        var jobs = jobs
        while true {
            jobs.removeAll { !leases.isWanted($0.ticket) }
            guard jobs.contains(where: { !$0.unscored.isEmpty }), let spec = jobs.first?.run.spec
            else { return jobs }
            await gate.pass()
            guard !Task.isCancelled else { return [] }
            jobs.removeAll { !leases.isWanted($0.ticket) }
            let places = jobs.indices.flatMap { job in jobs[job].unscored.map { (job, $0) } }
            guard !places.isEmpty else { return jobs }
            let requests = places.map { job, position in
                ScoreRequest(
                    prompt: jobs[job].lease.prompt,
                    completion: jobs[job].text(at: position) ?? "")
            }
            let begun = time.now()
            let outcomes = await score(requests, spec.scoring.scorer)
            let duration = time.now() - begun
            for ((job, position), outcome) in zip(places, outcomes) {
                jobs[job].results[position].scoreDuration = duration
                switch outcome {
                case .success(let reward) where reward.isFinite:
                    jobs[job].results[position].reward = reward
                case .success(let reward):
                    jobs[job].results[position].failure = Failure(
                        stage: .scoring, code: .notFinite,
                        message: "The scorer gave \(reward), which is no reward.", attempts: 1)
                case .failure(let error) where error.concernsEndpoint:
                    gate.close(error)
                case .failure(let error):
                    jobs[job].results[position].failure = Failure(
                        stage: .scoring, code: error.code, message: error.message, attempts: 1)
                }
            }
        }
    }

    private func score(
        _ requests: [ScoreRequest], _ spec: ScorerSpec
    ) async -> [Result<Double, ModelError>] {
        do {
            let outcomes = try await provider.scorer(for: spec).score(requests)
            if outcomes.count == requests.count { return outcomes }
            let error = ModelError(
                .wrongCount,
                "The scorer gave \(outcomes.count) rewards for \(requests.count) completions.")
            return requests.map { _ in .failure(error) }
        } catch {
            return requests.map { _ in .failure(error) }
        }
    }
}
