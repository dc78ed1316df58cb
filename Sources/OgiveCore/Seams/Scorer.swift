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

/// A reward and what it is made of.
package struct Score: Hashable, Sendable {
    /// The raw reward.
    package var reward: Double
    /// The raw rewards of the parts in the specification's order, when the scorer is `weighted`;
    /// else empty.
    package var parts: [Double]
    /// Tokens that it took, where the server tells: its part of those of its request.
    package var tokens: TokenCount?

    /// A reward, with its parts where it has any.
    package init(_ reward: Double, parts: [Double] = [], tokens: TokenCount? = nil) {
        self.reward = reward
        self.parts = parts
        self.tokens = tokens
    }

    /// Whether reward and parts are all finite.
    package var isFinite: Bool { reward.isFinite && parts.allSatisfy(\.isFinite) }
}

/// What gives a reward.
package protocol Scorer: Sendable {
    /// Reads what identifies the scorer. Throws as `Policy.fingerprint()` does.
    func fingerprint() async throws(ModelError) -> Fingerprint

    /// Scores a batch. The answer has one entry for each request, in the same order; a success is
    /// a finite, raw reward.
    func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>]

    /// Why no completion of a prompt can have a reward, as far as the prompt alone tells; `nil`
    /// when nothing is known against it.
    func refusal(of prompt: Prompt) async -> ModelError?
}

extension Scorer {
    /// A scorer that takes every prompt.
    package func refusal(of prompt: Prompt) async -> ModelError? { nil }
}
