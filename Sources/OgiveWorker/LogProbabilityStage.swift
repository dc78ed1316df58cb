internal import OgiveCore

/// Asks the policy for the log-probabilities of the candidates of a lease.
///
/// It draws nothing: asking again cannot choose among outcomes.
struct LogProbabilityStage: Sendable {
    let provider: any ModelProvider
    let gates: ModelGates
    let leases: PipelineLeases
    let rule: AttemptRule

    /// Fills in log-probabilities and failures; `nil` when the lease is not wanted any more.
    func process(_ job: LeaseJob) async -> LeaseJob? {
        var job = job
        var missing = Array(job.lease.items.indices)
        let policy = job.run.spec.scoring.sampling.policy
        let endpoints = provider.endpoints(of: policy)
        let gate = gates.gate(of: policy, endpoints)
        var attempts = ItemAttempts(attemptsMax: rule.attemptsMax)
        while !missing.isEmpty {
            let asked = request(job, missing)
            guard let pass = await gate.pass(size(of: asked), avoiding: attempts.failedEndpoint)
            else { return nil }
            guard leases.isWanted(job.ticket), !Task.isCancelled else {
                gate.abandon(pass)
                return nil
            }
            attempts.begin()
            let begun = rule.time.now()
            let outcomes = await ask(asked, endpoints[pass.endpoint].model)
            let duration = rule.time.now() - begun
            var again: [Int] = []
            for (position, outcome) in zip(missing, outcomes) {
                job.results[position].sampleDuration = duration
                switch outcome.flatMap(Self.checked) {
                case .success(let value): job.results[position].logProbability = value
                case .failure(let error):
                    switch attempts.next(position, error) {
                    case .again: again.append(position)
                    case .failed(let count):
                        job.results[position].failure = Failure(
                            stage: .logProbability, code: error.code, message: error.message,
                            attempts: count)
                    }
                }
            }
            gate.report(pass, attempts.verdict, RequestAnswer(outcomes))
            attempts.end(at: pass.endpoint)
            missing = again
            if !missing.isEmpty { await rule.pause(after: attempts) }
        }
        return leases.isWanted(job.ticket) ? job : nil
    }

    private static func checked(_ value: LogProbability) -> Result<LogProbability, ModelError> {
        guard !value.isValid else { return .success(value) }
        return .failure(
            ModelError(
                .notFinite,
                "The policy gave \(value.sum) of \(value.tokenCount) tokens, which is no "
                    + "log-probability."))
    }

    private func request(_ job: LeaseJob, _ positions: [Int]) -> LogProbabilityRequest {
        LogProbabilityRequest(
            prompt: job.lease.prompt,
            completions: positions.map { job.lease.items[$0].text ?? "" })
    }

    private func size(of request: LogProbabilityRequest) -> RequestSize {
        let bytes = request.completions.reduce(0) { $0 + request.prompt.byteCount + $1.utf8.count }
        return RequestSize(
            work: request.completions.count, inputTokens: RequestSize.tokens(ofBytes: bytes))
    }

    private func ask(
        _ request: LogProbabilityRequest, _ policy: any Policy
    ) async -> [Result<LogProbability, ModelError>] {
        let outcomes = await policy.logProbabilities(request)
        if outcomes.count == request.completions.count { return outcomes }
        let error = ModelError(
            .wrongCount,
            "The policy gave \(outcomes.count) log-probabilities of "
                + "\(request.completions.count) candidates.")
        return request.completions.map { _ in .failure(error) }
    }
}

extension RequestAnswer {
    /// What the outcomes of candidates say of the work done.
    fileprivate init(_ outcomes: [Result<LogProbability, ModelError>]) {
        let values = outcomes.compactMap { try? $0.get() }
        self.init(items: values.count, tokens: values.reduce(0) { $0 + $1.tokenCount })
    }
}
