internal import OgiveCore

extension PolicyProbe {
    /// What the policy says of its own draws when they are given to it.
    func agreement(_ answers: [[Completion]]) async throws -> [Finding] {
        var evidence = AgreementEvidence()
        if let obstacle = try await compare(answers, by: policy, &evidence) {
            return unable(obstacle)
        }
        if !evidence.isClose, let detailed {
            // The sums differ: token by token it is seen whether only the last one does.
            var closer = AgreementEvidence()
            let draws = try await redraw(parameters, by: detailed)
            if let obstacle = try await compare(draws, by: detailed, &closer) {
                return unable(obstacle)
            }
            if closer.count > 0 { evidence = closer }
        }
        return others(evidence) + (try await conclusion(evidence))
    }

    /// Gives draws back. Answers with what keeps the server from giving any; throws when it
    /// is gone.
    private func compare(
        _ answers: [[Completion]], by policy: any Policy, _ evidence: inout AgreementEvidence
    ) async throws(ModelError) -> ModelError? {
        for (prompt, draws) in zip(prompts, answers) {
            let ended = draws.filter { $0.finishReason == .stop && $0.logProbability != nil }
            if ended.isEmpty { continue }
            let reported = await policy.logProbabilities(
                LogProbabilityRequest(prompt: prompt, completions: ended.map(\.text)))
            for (draw, answer) in zip(ended, reported) {
                switch answer {
                case .success(let given): evidence.add(draw, given)
                case .failure(let error) where error.isServerGone: throw error
                case .failure(let error) where error.concernsEndpoint: return error
                case .failure(let error): evidence.add(error)
                }
            }
        }
        return nil
    }

    private func redraw(
        _ parameters: SamplingParameters, by policy: any Policy
    ) async throws -> [[Completion]] {
        var probe = self
        probe.policy = policy
        return try await probe.draw(prompts.indices.map { ($0, [0, 1]) }, parameters)
    }

    private func conclusion(_ evidence: AgreementEvidence) async throws -> [Finding] {
        guard evidence.count > 0 else { return [] }
        let difference =
            CountText.of(evidence.count, "draw", "that was", "that were")
            + " given back \(evidence.count == 1 ? "has" : "have") log-probabilities within "
            + "\(Self.short(evidence.worst)) nats of those reported when they were sampled"
        if evidence.isClose {
            return [Finding(.ok, .policyLogProbabilities, at: name, difference)]
        }
        let isShaped = try await isShaped()
        return [
            Finding(
                .warning, .policyLogProbabilities, at: name,
                difference
                    + (isShaped
                        ? "; at temperature 1, without top_p, top_k and min_p, they agree: what "
                            + "comes with draws is not the model's own distribution" : ""),
                advice: isShaped
                    ? "let the server give the model's own log-probabilities (vLLM: "
                        + "--logprobs-mode raw_logprobs), or set `policy.logprobs: none`"
                    : "log π_ref of draws and of candidates are not of one kind: look for a "
                        + "template or a BOS that only one of the two requests has")
        ]
    }

    /// Whether draws agree once the sampling parameters shape nothing: then it is the parameters
    /// that the log-probabilities of draws depend on.
    private func isShaped() async throws -> Bool {
        var neutral = parameters
        (neutral.temperature, neutral.topP, neutral.topK, neutral.minP) = (1, 1, 0, 0)
        guard neutral != parameters else { return false }
        let detailed = detailed ?? policy
        var evidence = AgreementEvidence()
        let draws = try await redraw(neutral, by: detailed)
        guard try await compare(draws, by: detailed, &evidence) == nil else { return false }
        return evidence.count > 0 && evidence.isClose
    }

    /// What is worth knowing of the draws beside their numbers.
    private func others(_ evidence: AgreementEvidence) -> [Finding] {
        var findings: [Finding] = []
        if evidence.otherEnds > 0 {
            findings.append(
                Finding(
                    .note, .policyLogProbabilities, at: name,
                    "\(evidence.otherEnds) of \(evidence.count) draws ended with other tokens "
                        + "than the one that is put behind candidates: the model has several",
                    advice: "log π_ref of a candidate is that of the text with one of them; "
                        + "`policy.end_token` names which"))
        }
        if let refusal = evidence.refusal {
            findings.append(
                Finding(
                    .note, .policyLogProbabilities, at: name,
                    "\(evidence.refused) of the preflight's own draws could not be given back: "
                        + refusal.message))
        }
        return findings
    }

    /// A policy need not give any, unless the run asks for it.
    private func unable(_ error: ModelError) -> [Finding] {
        if error.code == .unsupported, !wantsCandidates { return [] }
        return [
            Finding(
                wantsCandidates ? .error : .warning, .policyLogProbabilities, at: name,
                "log-probabilities of candidates: \(error.message)",
                advice: wantsCandidates ? "take `logprobs` out of `run.candidates`" : nil)
        ]
    }
}

/// How far log-probabilities of draws are from those of the same texts when they are given back.
struct AgreementEvidence {
    /// Draws that could be compared.
    private(set) var count = 0
    /// The largest difference, in nats.
    private(set) var worst = 0.0
    /// Draws that ended with another token than the one that is put behind candidates.
    private(set) var otherEnds = 0
    /// Draws that could not be given back.
    private(set) var refused = 0
    /// Why the first of them could not.
    private(set) var refusal: ModelError?

    /// Nats by which two ways to one log-probability may differ.
    private static let agreementMax = 0.1

    /// Whether all that could be compared agree.
    var isClose: Bool { worst <= Self.agreementMax }

    /// Compares one. Another split of the same text into tokens is another number, not a fault;
    /// neither is another end token, so that is left out where the tokens are known.
    mutating func add(_ draw: Completion, _ given: LogProbability) {
        guard given.tokenCount == draw.tokenCount, let sum = draw.logProbability else { return }
        var difference = given.sum - sum
        if let ids = draw.tokenIDs, let values = draw.tokenLogProbabilities,
            let givenIDs = given.tokenIDs, let givenValues = given.tokenValues,
            ids.count == values.count, ids.count == givenIDs.count
        {
            guard ids.dropLast() == givenIDs.dropLast() else { return }
            if ids.last != givenIDs.last {
                otherEnds += 1
                difference =
                    givenValues.dropLast().reduce(0, +) - values.dropLast().reduce(0, +)
            }
        }
        count += 1
        worst = max(worst, abs(difference))
    }

    /// Notes a draw that the server does not take back.
    mutating func add(_ error: ModelError) {
        refused += 1
        refusal = refusal ?? error
    }
}
