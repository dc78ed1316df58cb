internal import OgiveCore

/// Asks the scorer for the rewards of some leases together, once for each distinct text of a
/// prompt: a scorer that batches gives equal texts rewards that differ by rounding.
///
/// A failed scoring is tried again as a scoring; the completion stays as it is.
struct ScoreStage: Sendable {
    let provider: any ModelProvider
    let gates: ModelGates
    let rule: AttemptRule

    /// An item of one of some leases.
    fileprivate struct Place {
        let job: Int
        let position: Int
    }

    /// Fills in rewards and failures, or the obstacle, and leaves out leases that are not wanted
    /// any more. All jobs belong to one run.
    func process(_ jobs: consuming [LeaseJob]) async -> [LeaseJob] {
        // Consumed, so that their results are changed in place.
        var jobs = jobs
        guard let run = jobs.first?.run else { return [] }
        let access: ModelAccess<any Scorer>
        do {
            access = try run.scorer(provider, gates)
        } catch {
            return jobs.map { $0.facing(error) }
        }
        let (endpoints, gate) = (access.endpoints, access.gate)
        var attempts = ItemAttempts(attemptsMax: rule.attemptsMax)
        while true {
            jobs.leaveOutUnwanted()
            var places = jobs.unscored
            if places.isEmpty { return jobs }
            let size = size(of: places, jobs, endpoints[0].limits)
            guard let pass = await gate.pass(size, avoiding: attempts.failedEndpoint) else {
                return []
            }
            if jobs.leaveOutUnwanted() { places = jobs.unscored }
            guard !places.isEmpty, !Task.isCancelled else {
                gate.abandon(pass)
                return Task.isCancelled ? [] : jobs
            }
            attempts.begin()
            let texts = DistinctTexts(places, of: jobs)
            let outcomes = await score(texts.requests, endpoints[pass.endpoint].model)
            for (index, place) in places.enumerated() {
                let text = texts.places[index]
                note(
                    outcomes[text.request], isFirst: text.isFirst,
                    of: &jobs[place.job].results[place.position],
                    Self.number(of: jobs[place.job].ticket, place.position), &attempts)
            }
            let scored = outcomes.count { if case .success = $0 { true } else { false } }
            attempts.end(at: pass.endpoint, of: endpoints.count)
            gate.report(pass, attempts.verdict, RequestAnswer(items: scored))
            if let obstacle = attempts.obstacle(of: endpoints.count) {
                return jobs.map { $0.hasUnscored ? $0.facing(obstacle) : $0 }
            }
            await rule.pause(after: attempts)
        }
    }

    /// Names an item for its attempts: jobs that are not wanted any more leave the list. A lease
    /// has fewer items than 2²⁴.
    private static func number(of ticket: WorkerSession.Ticket, _ position: Int) -> Int {
        Int(truncatingIfNeeded: ticket.rawValue << 24) | position
    }

    /// Takes in what became of an item.
    private func note(
        _ outcome: Result<Score, ModelError>, isFirst: Bool, of result: inout ItemResult,
        _ number: Int, _ attempts: inout ItemAttempts
    ) {
        switch outcome {
        case .success(let score) where score.isPossible:
            result.reward = score.reward
            result.parts = score.parts
            // What was asked once was spent once.
            result.scorerTokens = isFirst ? score.tokens : nil
        case .success(let score):
            result.failure = Failure(
                stage: .scoring, code: .notFinite,
                message: "The scorer gave \(score.reward), of the parts \(score.parts): a "
                    + "reward, and each part, is a number up to ±\(Score.magnitudeMax).",
                attempts: 1)
        case .failure(let error):
            if case .failed(let count) = attempts.next(number, error) {
                result.failure = Failure(
                    stage: .scoring, code: error.code, message: error.message, attempts: count)
            }
        }
    }

    private func size(
        of places: [Place], _ jobs: [LeaseJob], _ limits: EndpointLimits
    ) -> RequestSize {
        var bytes = 0
        for place in places {
            bytes += jobs[place.job].lease.prompt.byteCount
            bytes += jobs[place.job].text(at: place.position)?.byteCount ?? 0
        }
        let most = max(1, limits.itemsPerRequest ?? places.count)
        return RequestSize(
            work: places.count, requests: (places.count + most - 1) / most,
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

extension [LeaseJob] {
    /// Leaves out those that are not wanted any more; whether there were any.
    @discardableResult
    fileprivate mutating func leaveOutUnwanted() -> Bool {
        guard contains(where: { !$0.work.isWanted }) else { return false }
        removeAll { !$0.work.isWanted }
        return true
    }

    /// The items that have a text and neither a reward nor a failure.
    fileprivate var unscored: [ScoreStage.Place] {
        var places: [ScoreStage.Place] = []
        places.reserveCapacity(reduce(0) { $0 + $1.results.count })
        for job in indices {
            for position in self[job].results.indices where self[job].isUnscored(position) {
                places.append(ScoreStage.Place(job: job, position: position))
            }
        }
        return places
    }
}

/// Requests without repetition, and for each of the places which of them answers it.
///
/// Texts are the same byte for byte: strings would be equal that Unicode only calls equivalent.
private struct DistinctTexts {
    private(set) var requests: [ScoreRequest] = []
    private(set) var places: [(request: Int, isFirst: Bool)] = []

    init(_ all: [ScoreStage.Place], of jobs: [LeaseJob]) {
        var known = KnownTexts(capacity: all.count)
        requests.reserveCapacity(all.count)
        places.reserveCapacity(all.count)
        for place in all {
            let job = jobs[place.job]
            let text = job.text(at: place.position) ?? CompletionText("")
            let prompt = job.lease.prompt.id
            if let request = known.find(text, of: prompt, orAdd: requests.count) {
                places.append((request, false))
            } else {
                places.append((requests.count, true))
                requests.append(ScoreRequest(prompt: job.lease.prompt, completion: text.string))
            }
        }
    }
}

/// The texts of prompts that came so far, by a quick hash; what has the same hash is compared.
private struct KnownTexts {
    private static let salt = UInt64.random(in: .min ... .max)

    private var texts: [(text: CompletionText, prompt: PromptID)] = []
    /// Places of texts in their list, by hash, and −1 where there is none; fewer than half of them
    /// are taken.
    private var table: [Int32]

    init(capacity: Int) {
        texts.reserveCapacity(capacity)
        var size = 4
        while size < 2 * capacity { size *= 2 }
        table = Array(repeating: -1, count: size)
    }

    /// The place of a text; it is added where there is none, as the one at `next`.
    mutating func find(_ text: CompletionText, of prompt: PromptID, orAdd next: Int) -> Int? {
        let seed = Self.salt ^ UInt64(bitPattern: prompt.rawValue)
        var slot = Int(truncatingIfNeeded: text.quickHash(seed: seed)) & (table.count - 1)
        while table[slot] >= 0 {
            let known = texts[Int(table[slot])]
            if known.prompt == prompt, known.text == text { return Int(table[slot]) }
            slot = (slot + 1) & (table.count - 1)
        }
        table[slot] = Int32(next)
        texts.append((text, prompt))
        return nil
    }
}
