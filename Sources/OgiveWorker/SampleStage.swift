internal import OgiveCore

/// Asks the policy for the draws of a lease.
///
/// Faults of the server are waited out: the same draws, with the same seeds, are asked for again.
/// Whatever text comes is kept.
struct SampleStage: Sendable {
    let provider: any ModelProvider
    let gate: EndpointGate
    let leases: PipelineLeases
    let time: TimeSource

    /// Fills in completions and failures; `nil` when the lease is not wanted any more.
    func process(_ job: LeaseJob) async -> LeaseJob? {
        var job = job
        var missing = job.lease.items.indices.filter { job.lease.items[$0].needsSampling }
        let spec = job.run.spec.scoring.sampling
        while !missing.isEmpty {
            await gate.pass()
            guard leases.isWanted(job.ticket), !Task.isCancelled else { return nil }
            let request = SampleRequest(
                prompt: job.lease.prompt, seedBase: job.lease.seedBase,
                indexes: missing.map { job.lease.items[$0].name.index },
                parameters: spec.parameters)
            let begun = time.now()
            let outcomes = await sample(request, spec.policy)
            let duration = time.now() - begun
            var again: [Int] = []
            for (position, outcome) in zip(missing, outcomes) {
                job.results[position].seed =
                    job.lease.seedBase + UInt32(job.lease.items[position].name.index)
                job.results[position].sampleDuration = duration
                switch outcome {
                case .success(let completion):
                    job.results[position].completion = completion
                case .failure(let error) where error.concernsEndpoint:
                    again.append(position)
                    gate.close(error)
                case .failure(let error):
                    job.results[position].failure = Failure(
                        stage: .sampling, code: error.code, message: error.message, attempts: 1)
                }
            }
            missing = again
        }
        return leases.isWanted(job.ticket) ? job : nil
    }

    private func sample(
        _ request: SampleRequest, _ spec: PolicySpec
    ) async -> [Result<Completion, ModelError>] {
        do {
            let outcomes = try await provider.policy(for: spec).sample(request)
            if outcomes.count == request.indexes.count { return outcomes }
            let error = ModelError(
                .wrongCount,
                "The policy gave \(outcomes.count) answers to \(request.indexes.count) draws.")
            return request.indexes.map { _ in .failure(error) }
        } catch {
            return request.indexes.map { _ in .failure(error) }
        }
    }
}
