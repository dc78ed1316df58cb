internal import OgiveCore
internal import OgiveStore
internal import OgiveTesting

/// The draws that are landed: about 400 characters each, with a reward and a log-probability.
struct LandingWork: Sendable {
    let prompts: Int
    let draws: Int
    private let pool: [UInt8]

    init(prompts: Int, draws: Int) {
        self.prompts = prompts
        self.draws = draws
        var random = SeededRandom(seed: 1)
        var pool: [UInt8] = []
        for letter in 0..<24_000 {
            pool.append(letter % 6 == 5 ? 32 : UInt8.random(in: 97...122, using: &random))
        }
        self.pool = pool
    }

    /// The text, the reward and the log-probability of a draw.
    func draw(_ index: Int, of prompt: Int) -> (text: String, reward: Double, log: Double) {
        var random = SeededRandom(seed: UInt64(prompt * draws + index))
        let start = Int.random(in: 0..<pool.count - 400, using: &random)
        let text = String(decoding: pool[start..<start + 400], as: UTF8.self)
        let reward = Double.random(in: -3...3, using: &random)
        return (text, reward, -100 * Double.random(in: 0..<1, using: &random))
    }

    /// Imports as many prompts and submits a run over them.
    func submit(to store: PostgresStore) async throws -> RunDescription {
        _ = try await store.importPrompts(into: "set") { importer in
            for first in stride(from: 0, to: prompts, by: 4096) {
                try await importer.add(
                    (first..<min(prompts, first + 4096)).map {
                        ImportedPrompt(
                            key: "p\($0)", content: .text("Question \($0)?"), metadata: "{}",
                            candidates: [])
                    })
            }
        }
        let sampling = SamplingSpec(
            promptSet: "set", policy: PolicySpec(kind: .openai, model: "policy"),
            parameters: SamplingParameters())
        let scoring = ScoringSpec(
            sampling: sampling, scorer: ScorerSpec(kind: .rerank, model: "scorer"))
        return try await store.submit(RunSpec(name: "run", scoring: scoring, draws: draws)).run
    }

    /// The draws in batches of `items`, as they arrive `part` at a time.
    func batches(of run: RunID, part: Int, items: Int, shuffled: Bool) -> [LandingBatch] {
        var random = SeededRandom(seed: 7)
        let worker = WorkerID(high: 0x8000_0000_0000_0001, low: 2)
        var groups: [LandingGroup] = []
        for prompt in 0..<prompts {
            for first in stride(from: 0, to: draws, by: part) {
                let results = (first..<min(draws, first + part)).map { result($0, of: prompt) }
                groups.append(
                    LandingGroup(
                        run: run, prompt: PromptID(Int64(prompt + 1)), worker: worker,
                        items: results))
            }
        }
        if shuffled { groups.shuffle(using: &random) }
        let each = max(1, items / part)
        return stride(from: 0, to: groups.count, by: each).enumerated().map { number, first in
            LandingBatch(
                id: BatchID(UInt64(number + 1)),
                groups: Array(groups[first..<min(groups.count, first + each)]))
        }
    }

    private func result(_ index: Int, of prompt: Int) -> ItemResult {
        let made = draw(index, of: prompt)
        var item = ItemResult(name: .draw(Int32(index)))
        item.completion = Completion(
            text: made.text, tokenCount: 100, finishReason: .stop, logProbability: made.log)
        item.seed = UInt64(index)
        item.reward = made.reward
        item.sampleDuration = .milliseconds(12)
        return item
    }
}
