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
                kind: ScorerSpec.Kind.synthetic.rawValue, model: "simulated",
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
    package func result(of item: WorkItem, seedBase: UInt32) -> ItemResult {
        var result = ItemResult(name: item.name)
        if item.needsSampling {
            let seed = seedBase + UInt32(item.name.index)
            result.seed = seed
            if seed % 13 == 0 {
                result.failure = Failure(
                    stage: .sampling, code: .promptTooLong, message: "too long", attempts: 1)
                return result
            }
            result.completion = Completion(
                text: "draw \(seed)", tokenCount: 3, finishReason: .stop, logProbability: -1)
        }
        let hash = TraceHash.of(item.text ?? result.completion?.text ?? "")
        if hash % 11 == 0 {
            result.failure = Failure(
                stage: .scoring, code: .malformed, message: "no number", attempts: 1)
        } else {
            result.reward = Double(hash % 1_000) / 10
        }
        return result
    }

    /// The table of a run that nothing disturbed.
    package func table(of run: RunDescription, in database: MemoryDatabase)
        -> MemoryDatabase.ScoringTable
    {
        var table = MemoryDatabase.ScoringTable()
        for stored in database.prompts[run.spec.scoring.sampling.promptSet] ?? [] {
            let base = DrawSeed.base(
                sampling: run.spec.scoring.sampling.digest, promptKey: stored.prompt.key)
            let items =
                (0..<run.spec.draws).map { WorkItem(name: .draw(Int32($0))) }
                + stored.candidates.enumerated().map {
                    WorkItem(name: .candidate(Int32($0.offset)), text: $0.element)
                }
            for item in items {
                let result = result(of: item, seedBase: base)
                let key = MemoryDatabase.ItemKey(stored.prompt.id, item.name)
                table.rewards[key] = result.reward
                table.failures[key] = result.failure
            }
        }
        return table
    }
}
