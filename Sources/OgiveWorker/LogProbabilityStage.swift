internal import OgiveCore

/// Asks the policy for the log-probabilities of the candidates of a lease.
///
/// It draws nothing: asking again cannot choose among outcomes.
struct LogProbabilityStage: Sendable {
    let provider: any ModelProvider
    let gates: ModelGates
    let rule: AttemptRule

    /// Fills in log-probabilities and failures, or the obstacle; `nil` when the lease is not
    /// wanted any more.
    func process(_ job: consuming LeaseJob) async -> LeaseJob? {
        var job = job
        let work = job.work
        var missing = Array(job.lease.items.indices)
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
            let size = size(of: job, missing)
            guard let pass = await gate.pass(size, avoiding: attempts.failedEndpoint) else {
                return nil
            }
            guard work.isWanted, !Task.isCancelled else {
                gate.abandon(pass)
                return nil
            }
            attempts.begin()
            let begun = rule.time.now()
            let outcomes = await ask(job, missing, endpoints[pass.endpoint].model)
            let duration = rule.time.now() - begun
            var again: [Int] = []
            for (position, outcome) in zip(missing, outcomes) {
                job.results[position].sampleDuration = duration
                switch outcome.flatMap(Self.checked) {
                case .success(var value):
                    job.results[position].policyTokens = value.spent
                    value.spent = nil
                    job.results[position].logProbability = value
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
            attempts.end(at: pass.endpoint, of: endpoints.count)
            gate.report(pass, attempts.verdict, RequestAnswer(outcomes))
            job.obstacle = attempts.obstacle(of: endpoints.count)
            if job.obstacle != nil { break }
            missing = again
            if !missing.isEmpty { await rule.pause(after: attempts) }
        }
        return work.isWanted ? job : nil
    }

    private static func checked(_ value: LogProbability) -> Result<LogProbability, ModelError> {
        guard !value.isValid else { return .success(value) }
        return .failure(
            ModelError(
                .notFinite,
                "The policy gave \(value.sum) of \(value.tokenCount) tokens, which is no "
                    + "log-probability."))
    }

    private func size(of job: LeaseJob, _ positions: [Int]) -> RequestSize {
        let bytes = positions.reduce(0) {
            $0 + job.lease.prompt.byteCount + (job.lease.items[$1].text?.utf8.count ?? 0)
        }
        return RequestSize(
            work: positions.count, requests: positions.count,
            inputTokens: RequestSize.tokens(ofBytes: bytes))
    }

    private func ask(
        _ job: LeaseJob, _ positions: [Int], _ policy: any Policy
    ) async -> [Result<LogProbability, ModelError>] {
        let texts = positions.map { job.lease.items[$0].text ?? "" }
        let outcomes = await policy.logProbabilities(
            LogProbabilityRequest(prompt: job.lease.prompt, completions: texts))
        if outcomes.count == texts.count { return outcomes }
        let error = ModelError(
            .wrongCount,
            "The policy gave \(outcomes.count) log-probabilities of \(texts.count) "
                + "candidates.")
        return texts.map { _ in .failure(error) }
    }
}

extension RequestAnswer {
    /// What the outcomes say of the work done.
    fileprivate init(_ outcomes: [Result<LogProbability, ModelError>]) {
        let values = outcomes.compactMap { try? $0.get() }
        self.init(items: values.count, tokens: values.reduce(0) { $0 + $1.tokenCount })
    }
}
