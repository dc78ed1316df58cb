internal import OgiveCore

/// Asks the scorer for the rewards of some leases together, once for each distinct text of a
/// prompt: a scorer that batches gives equal texts rewards that differ by rounding.
///
/// A failed scoring is tried again as a scoring; the completion stays as it is.
struct ScoreStage: Sendable {
    let provider: any ModelProvider
    let gates: ModelGates
    let leases: PipelineLeases
    let rule: AttemptRule

    /// Fills in rewards and failures, or the obstacle, and leaves out leases that are not wanted
    /// any more. All jobs belong to one run.
    func process(_ jobs: [LeaseJob]) async -> [LeaseJob] {
        guard let scorer = jobs.first?.run.spec.scoring.scorer else { return [] }
        var jobs = jobs
        let endpoints: [Served<any Scorer>]
        do {
            endpoints = try provider.scorers(for: scorer)
        } catch {
            return jobs.map { $0.facing(error) }
        }
        let gate = gates.gate(of: scorer, endpoints)
        var attempts = ItemAttempts(attemptsMax: rule.attemptsMax)
        // Names an item for its attempts: jobs that are not wanted any more leave the list.
        var numbers: [WorkerSession.Ticket: Int] = [:]
        for (number, job) in jobs.enumerated() { numbers[job.ticket] = number << 32 }
        while true {
            jobs.removeAll { !leases.isWanted($0.ticket) }
            guard jobs.contains(where: { !$0.unscored.isEmpty }) else { return jobs }
            let size = size(of: jobs, endpoints[0].limits)
            guard let pass = await gate.pass(size, avoiding: attempts.failedEndpoint) else {
                return []
            }
            jobs.removeAll { !leases.isWanted($0.ticket) }
            let places = jobs.indices.flatMap { job in jobs[job].unscored.map { (job, $0) } }
            guard !places.isEmpty, !Task.isCancelled else {
                gate.abandon(pass)
                return Task.isCancelled ? [] : jobs
            }
            attempts.begin()
            let texts = DistinctTexts(
                places.map { job, position in
                    ScoreRequest(
                        prompt: jobs[job].lease.prompt,
                        completion: jobs[job].text(at: position) ?? "")
                })
            let outcomes = await score(texts.requests, endpoints[pass.endpoint].model)
            for ((job, position), text) in zip(places, texts.places) {
                let outcome = outcomes[text.request]
                switch outcome {
                case .success(let score) where score.isPossible:
                    jobs[job].results[position].reward = score.reward
                    jobs[job].results[position].parts = score.parts
                    // What was asked once was spent once.
                    jobs[job].results[position].scorerTokens = text.isFirst ? score.tokens : nil
                case .success(let score):
                    jobs[job].results[position].failure = Failure(
                        stage: .scoring, code: .notFinite,
                        message: "The scorer gave \(score.reward), of the parts \(score.parts): a "
                            + "reward, and each part, is a number up to ±\(Score.magnitudeMax).",
                        attempts: 1)
                case .failure(let error):
                    let item = (numbers[jobs[job].ticket] ?? 0) + position
                    if case .failed(let count) = attempts.next(item, error) {
                        jobs[job].results[position].failure = Failure(
                            stage: .scoring, code: error.code, message: error.message,
                            attempts: count)
                    }
                }
            }
            let scored = outcomes.count { (try? $0.get()) != nil }
            attempts.end(at: pass.endpoint, of: endpoints.count)
            gate.report(pass, attempts.verdict, RequestAnswer(items: scored))
            if let obstacle = attempts.obstacle(of: endpoints.count) {
                return jobs.map { $0.unscored.isEmpty ? $0 : $0.facing(obstacle) }
            }
            await rule.pause(after: attempts)
        }
    }

    private func size(of jobs: [LeaseJob], _ limits: EndpointLimits) -> RequestSize {
        var (texts, bytes) = (0, 0)
        for job in jobs {
            for position in job.unscored {
                texts += 1
                bytes += job.lease.prompt.byteCount + (job.text(at: position)?.utf8.count ?? 0)
            }
        }
        let most = max(1, limits.itemsPerRequest ?? texts)
        return RequestSize(
            work: texts, requests: (texts + most - 1) / most,
            inputTokens: RequestSize.tokens(ofBytes: bytes))
    }

    private func score(
        _ requests: [ScoreRequest], _ scorer: any Scorer
    ) async -> [Result<Score, ModelError>] {
        let outcomes = await scorer.score(requests)
        if outcomes.count == requests.count { return outcomes }
        let error = ModelError(
            .wrongCount,
            "The scorer gave \(outcomes.count) rewards for \(requests.count) completions.")
        return requests.map { _ in .failure(error) }
    }
}

/// Requests without repetition, and for each of the former ones which of them answers it.
private struct DistinctTexts {
    private(set) var requests: [ScoreRequest] = []
    private(set) var places: [(request: Int, isFirst: Bool)] = []

    init(_ all: [ScoreRequest]) {
        /// Byte for byte: strings would be equal that Unicode only calls equivalent.
        struct Name: Hashable {
            let prompt: PromptID
            let text: CompletionText
        }
        var known: [Name: Int] = [:]
        known.reserveCapacity(all.count)
        places.reserveCapacity(all.count)
        for request in all {
            let name = Name(
                prompt: request.prompt.id, text: CompletionText(request.completion))
            if let place = known[name] {
                places.append((place, false))
            } else {
                known[name] = requests.count
                places.append((requests.count, true))
                requests.append(request)
            }
        }
    }
}
