/// A completion to be scored.
package struct ScoreRequest: Hashable, Sendable {
    /// The prompt with its metadata.
    package var prompt: Prompt
    /// The completion, byte for byte.
    package var completion: String

    /// Joins the parts.
    package init(prompt: Prompt, completion: String) {
        self.prompt = prompt
        self.completion = completion
    }
}

/// What gives a reward.
package protocol Scorer: Sendable {
    /// Reads what identifies the scorer. Throws as `Policy.fingerprint()` does.
    func fingerprint() async throws(ModelError) -> Fingerprint

    /// Scores a batch. The answer has one entry for each request, in the same order; a success is
    /// a finite, raw reward.
    func score(_ requests: [ScoreRequest]) async -> [Result<Double, ModelError>]
}
