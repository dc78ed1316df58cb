package import OgiveCore

/// A policy and a scorer whose answers follow from seed and text alone, failures included.
package struct SimulatedModel: Sendable {
    /// A model.
    package init() {}

    /// What a worker offers.
    package static let offer = Offer(
        policies: [
            Offer.Model(
                kind: PolicySpec.Kind.synthetic.rawValue, model: "simulated",
                fingerprint: Fingerprint(["model": "simulated"]))
        ],
        scorers: [
            Offer.Model(
                kind: ScorerSpec.Kind.Name.synthetic.rawValue, model: "simulated",
                fingerprint: Fingerprint(["model": "simulated-scorer"]))
        ])

    /// A run over the prompt set `prompts` that the offer serves.
    package static func run(id: Int64 = 1, draws: Int) -> RunDescription {
        let sampling = SamplingSpec(
            promptSet: "prompts", policy: PolicySpec(kind: .synthetic, model: "simulated"),
            parameters: SamplingParameters())
        let scoring = ScoringSpec(
            sampling: sampling, scorer: ScorerSpec(kind: .synthetic, model: "simulated"))
        return RunDescription(
            id: RunID(id), sampling: SamplingID(1), scoring: ScoringID(1),
            spec: RunSpec(name: "run-\(id)", scoring: scoring, draws: draws))
    }

    /// Prompts with ids from 1; every third one has candidates.
    package static func prompts(_ count: Int) -> [MemoryDatabase.StoredPrompt] {
        (0..<count).map { number in
            MemoryDatabase.StoredPrompt(
                Prompt(
                    id: PromptID(Int64(number + 1)), key: "prompt-\(number)",
                    content: .text("What is \(number)?"), metadata: "{}"),
                candidates: number % 3 == 0 ? ["chosen \(number)", "rejected \(number)"] : [])
        }
    }

    /// The one result of an item.
    package func result(of item: WorkItem, seedBase: UInt64) -> ItemResult {
        var result = ItemResult(name: item.name)
        if item.stage == .logProbability {
            switch logProbability(of: item.text ?? "") {
            case .success(let value): result.logProbability = value
            case .failure(let error):
                result.failure = Failure(
                    stage: .logProbability, code: error.code, message: error.message, attempts: 1)
            }
            return result
        }
        if item.needsSampling {
            let seed = seedBase + UInt64(item.name.index)
            result.seed = seed
            switch completion(seed: seed) {
            case .success(let completion): result.completion = completion
            case .failure(let error):
                result.failure = Failure(
                    stage: .sampling, code: error.code, message: error.message, attempts: 1)
                return result
            }
        }
        switch reward(of: item.text ?? result.completion?.text ?? "") {
        case .success(let reward): result.reward = reward
        case .failure(let error):
            result.failure = Failure(
                stage: .scoring, code: error.code, message: error.message, attempts: 1)
        }
        return result
    }

    /// The completion of a seed; one of thirteen fails.
    package func completion(seed: UInt64) -> Result<Completion, ModelError> {
        guard seed % 13 != 0 else { return .failure(ModelError(.promptTooLong, "too long")) }
        return .success(
            Completion(
                text: "draw \(seed)", tokenCount: 3, finishReason: .stop, logProbability: -1))
    }

    /// The reward of a text; one of eleven fails.
    package func reward(of text: String) -> Result<Double, ModelError> {
        let hash = TraceHash.of(text)
        guard hash % 11 != 0 else { return .failure(ModelError(.malformed, "no number")) }
        return .success(Double(hash % 1_000) / 10)
    }

    /// What is reported of a text; one of seven fails.
    package func logProbability(of text: String) -> Result<LogProbability, ModelError> {
        let hash = TraceHash.of(text)
        guard hash % 7 != 0 else { return .failure(ModelError(.promptTooLong, "too long")) }
        return .success(LogProbability(sum: -Double(hash % 1_000) / 10, tokenCount: 3))
    }

    /// The table of a run that nothing disturbed. Of an adaptive run it has all draws that any
    /// prompt may get.
    package func table(of run: RunDescription, in database: MemoryDatabase)
        -> MemoryDatabase.ScoringTable
    {
        var table = MemoryDatabase.ScoringTable()
        for stored in database.prompts[run.spec.scoring.sampling.promptSet] ?? [] {
            let base = DrawSeed.base(
                of: run.spec.scoring.sampling, promptKey: stored.prompt.key)
            let items =
                (0..<run.spec.draws).map { WorkItem(name: .draw(Int32($0))) }
                + stored.candidates.enumerated().flatMap { index, text in
                    [
                        WorkItem(name: .candidate(Int32(index)), text: text),
                        WorkItem(name: .candidateLogProbability(Int32(index)), text: text),
                    ]
                }
            for item in items where run.spec.asksFor(item.name.kind) {
                let result = result(of: item, seedBase: base)
                let key = MemoryDatabase.ItemKey(stored.prompt.id, item.name)
                table.rewards[key] = result.reward
                table.logProbabilities[key] = result.logProbability
                table.failures[key] = result.failure
            }
        }
        return table
    }
}
