import OgiveCore

/// Results as workers would send them.
enum Made {
    static let worker = WorkerID(high: 0x8000_0000_0000_0001, low: 2)

    static func completion(
        _ text: String, finish: FinishReason = .stop, log: Double? = -1.5
    ) -> Completion {
        Completion(text: text, tokenCount: 3, finishReason: finish, logProbability: log)
    }

    /// A draw that was sampled and, unless `reward` is nil, scored.
    static func draw(_ index: Int32, _ text: String, reward: Double?) -> ItemResult {
        var item = ItemResult(name: .draw(index))
        item.completion = completion(text)
        item.seed = 100 + UInt64(index)
        item.reward = reward
        item.sampleDuration = .milliseconds(12)
        return item
    }

    /// A reward of an item that brought its text.
    static func reward(_ name: ItemName, _ reward: Double) -> ItemResult {
        var item = ItemResult(name: name)
        item.reward = reward
        return item
    }

    /// The log-probability of a candidate, of two tokens.
    static func logProbability(_ index: Int32, _ sum: Double, tokens: Bool = false) -> ItemResult {
        var item = ItemResult(name: .candidateLogProbability(index))
        item.logProbability = LogProbability(
            sum: sum, tokenCount: 2, tokenIDs: tokens ? [7, 2] : nil,
            tokenValues: tokens ? [sum + 0.5, -0.5] : nil)
        return item
    }

    static func failure(
        _ name: ItemName, _ stage: Failure.Stage, completion: Completion? = nil
    ) -> ItemResult {
        var item = ItemResult(name: name)
        item.completion = completion
        item.failure = Failure(stage: stage, code: .timeout, message: "took too long", attempts: 3)
        return item
    }

    static func batch(_ run: RunDescription, _ prompt: PromptID, _ items: [ItemResult])
        -> LandingBatch
    {
        LandingBatch(
            id: BatchID(1),
            groups: [LandingGroup(run: run.id, prompt: prompt, worker: worker, items: items)])
    }
}
