internal import OgiveCore

/// Asks the policy for the draws of a lease.
///
/// Faults of the server are waited out: the same draws, with the same seeds, are asked for again.
/// Whatever text comes is kept.
struct SampleStage: Sendable {
    let provider: any ModelProvider
    let gates: ModelGates
    let rule: AttemptRule

    /// Fills in completions and failures, or the obstacle; `nil` when the lease is not wanted any
    /// more.
    func process(_ job: consuming LeaseJob) async -> LeaseJob? {
        // Consumed, so that its results are changed in place.
        var job = job
        let work = job.work
        var missing = work.lease.missing
        if missing.isEmpty { return work.isWanted ? job : nil }
        let access: ModelAccess<any Policy>
        do {
            access = try work.run.policy(provider, gates)
        } catch {
            job.obstacle = error
            return job
        }
        let (endpoints, gate) = (access.endpoints, access.gate)
        var attempts = ItemAttempts(attemptsMax: rule.attemptsMax)
        while !missing.isEmpty {
            let asked = request(work, missing)
            let size = size(of: asked, endpoints[0].limits)
            guard let pass = await gate.pass(size, avoiding: attempts.failedEndpoint) else {
                return nil
            }
            guard work.isWanted, !Task.isCancelled else {
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
                    asked.seedBase + UInt64(job.results[position].name.index)
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
        return work.isWanted ? job : nil
    }

    /// The request for some draws of a lease.
    private func request(_ work: LeaseWork, _ positions: [Int]) -> SampleRequest {
        let lease = work.lease
        return SampleRequest(
            prompt: lease.prompt, seedBase: lease.seedBase,
            indexes: positions.map { lease.items[$0].name.index },
            parameters: work.run.parameters)
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

extension Lease {
    /// The places of the items that have to be sampled.
    fileprivate var missing: [Int] {
        items.indices.filter { items[$0].needsSampling }
    }
}

extension RequestAnswer {
    /// What the outcomes of draws say of the work done.
    fileprivate init(_ outcomes: [Result<Completion, ModelError>]) {
        var (count, tokens) = (0, 0 as Int?)
        for outcome in outcomes {
            guard case .success(let completion) = outcome else { continue }
            count += 1
            tokens = tokens.flatMap { sum in completion.tokenCount.map { sum + $0 } }
        }
        self.init(items: count, tokens: tokens)
    }
}

extension Result {
    /// Whether it is a success.
    fileprivate var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}
