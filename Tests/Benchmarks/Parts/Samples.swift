package import OgiveCore
internal import OgiveTesting

/// Messages of a usual size.
package enum Samples {
    /// Some worker.
    package static let worker = WorkerID(high: 0x0123_4567_89AB_CDEF, low: 42)

    /// One task of one draw, of a prompt of 400 characters.
    package static let lease = Lease(
        name: LeaseName(term: Term(7), task: TaskID(1_234_567), epoch: Epoch(1)),
        run: RunID(3),
        prompt: Prompt(
            id: PromptID(7_654_321), key: "prompt-7654321",
            content: .chat([ChatMessage(role: "user", content: text)]), metadata: "{}"),
        seedBase: 1_234_567_890, items: [WorkItem(name: .draw(0))], duration: .seconds(900),
        proof: .unproved)

    /// What came of a task: texts of 400 characters.
    package static func result(draws: Int) -> TaskResult {
        TaskResult(
            claim: lease.claim, part: 0, items: (0..<draws).map { draw(Int32($0)) })
    }

    /// One draw with a text of 400 characters, which none of the 63 draws after it has.
    package static func draw(
        _ index: Int32, seedBase: UInt64 = lease.seedBase
    ) -> ItemResult {
        var result = ItemResult(name: .draw(index))
        result.completion = Completion(
            text: texts[Int(index) % texts.count], tokenCount: 100, finishReason: .stop,
            logProbability: -123.5)
        result.seed = seedBase &+ UInt64(index)
        result.reward = 0.25 + Double(index)
        result.sampleDuration = .milliseconds(1_234)
        return result
    }

    private static let texts = (0..<64).map { "\($0): \(text)".prefix(400).description }

    /// 400 characters.
    package static let text = String(
        repeating: "The quick brown fox jumps over the lazy dog. ", count: 9
    ).prefix(400).description
}
