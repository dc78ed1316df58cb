internal import OgiveCore

/// Asks the policy for the draws of a lease.
///
/// Faults of the server are waited out: the same draws, with the same seeds, are asked for again.
/// Whatever text comes is kept.
struct SampleStage: Sendable {
    let provider: any ModelProvider
    let gates: ModelGates
    let leases: PipelineLeases
    let rule: AttemptRule

    /// Fills in completions and failures, or the obstacle; `nil` when the lease is not wanted any
    /// more.
    func process(_ job: LeaseJob) async -> LeaseJob? {
        var job = job
        var missing = job.lease.items.indices.filter { job.lease.items[$0].needsSampling }
        if missing.isEmpty { return leases.isWanted(job.ticket) ? job : nil }
        let policy = job.run.spec.scoring.sampling.policy
        let endpoints: [Served<any Policy>]
        do {
            endpoints = try provider.policies(for: policy)
        } catch {
            job.obstacle = error
            return job
        }
        let gate = gates.gate(of: policy, endpoints)
        var attempts = ItemAttempts(attemptsMax: rule.attemptsMax)
        while !missing.isEmpty {
            let asked = request(job, missing)
            let size = size(of: asked, endpoints[0].limits)
            guard let pass = await gate.pass(size, avoiding: attempts.failedEndpoint) else {
                return nil
            }
            guard leases.isWanted(job.ticket), !Task.isCancelled else {
                gate.abandon(pass)
                return nil
            }
            attempts.begin()
            let begun = rule.time.now()
            let outcomes = await sample(asked, endpoints[pass.endpoint].model)
            let duration = rule.time.now() - begun
            let isAlive =
                outcomes.contains { $0.isSuccess }
                || gate.hasAnswered(pass.endpoint, since: begun)
            var again: [Int] = []
            for (position, outcome) in zip(missing, outcomes) {
                job.results[position].seed =
                    job.lease.seedBase + UInt64(job.lease.items[position].name.index)
                job.results[position].sampleDuration = duration
                switch outcome {
                case .success(let completion):
                    job.results[position].completion = completion
                case .failure(let error):
                    // How long a draw takes depends on its length: one that was too slow for a
                    // server that works is not given a second chance to be shorter.
                    let isFinal = error.code == .timeout && isAlive
                    switch attempts.next(position, error, isFinal: isFinal) {
                    case .again: again.append(position)
                    case .failed(let count):
                        job.results[position].failure = Failure(
                            stage: .sampling, code: error.code, message: error.message,
                            attempts: count)
                    }
                }
            }
            attempts.end(at: pass.endpoint, of: endpoints.count)
            gate.report(pass, attempts.verdict, RequestAnswer(outcomes))
            job.obstacle = attempts.obstacle(of: endpoints.count)
            if job.obstacle != nil { break }
            missing = again
            if !missing.isEmpty { await rule.pause(after: attempts) }
        }
        return leases.isWanted(job.ticket) ? job : nil
    }

    /// The request for some draws of a lease.
    private func request(_ job: LeaseJob, _ positions: [Int]) -> SampleRequest {
        SampleRequest(
            prompt: job.lease.prompt, seedBase: job.lease.seedBase,
            indexes: positions.map { job.lease.items[$0].name.index },
            parameters: job.run.spec.scoring.sampling.parameters)
    }

    private func size(of request: SampleRequest, _ limits: EndpointLimits) -> RequestSize {
        let draws = request.indexes.count
        let most = max(1, limits.itemsPerRequest ?? draws)
        let parts = (draws + most - 1) / most
        return RequestSize(
            work: draws, requests: parts,
            inputTokens: RequestSize.tokens(ofBytes: request.prompt.byteCount) * Double(parts),
            tokensMax: request.parameters.maxTokens)
    }

    private func sample(
        _ request: SampleRequest, _ policy: any Policy
    ) async -> [Result<Completion, ModelError>] {
        let outcomes = await policy.sample(request)
        if outcomes.count == request.indexes.count { return outcomes }
        let error = ModelError(
            .wrongCount,
            "The policy gave \(outcomes.count) answers to \(request.indexes.count) draws.")
        return request.indexes.map { _ in .failure(error) }
    }
}

extension RequestAnswer {
    /// What the outcomes of draws say of the work done.
    fileprivate init(_ outcomes: [Result<Completion, ModelError>]) {
        let completions = outcomes.compactMap { try? $0.get() }
        let counts = completions.compactMap(\.tokenCount)
        self.init(
            items: completions.count,
            tokens: counts.count == completions.count ? counts.reduce(0, +) : nil)
    }
}

extension Result {
    /// Whether it is a success.
    fileprivate var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}
