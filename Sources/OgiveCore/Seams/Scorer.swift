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
    /// Tokens that it took, where the server reports them: its part of those of its request.
    package var tokens: TokenCount?

    /// A reward, with its parts where it has any.
    package init(_ reward: Double, parts: [Double] = [], tokens: TokenCount? = nil) {
        self.reward = reward
        self.parts = parts
        self.tokens = tokens
    }

    /// The largest magnitude of a reward, and of a part of one: of a million such rewards the
    /// database still computes sums and deviations, whose squares would overflow beyond. The tables
    /// refuse the same (migrations/tables/0001_initial.sql).
    package static let magnitudeMax = 1e140

    /// Whether a number may be a reward: finite and not too large.
    package static func mayBe(_ reward: Double) -> Bool { abs(reward) <= magnitudeMax }

    /// Whether reward and parts may all be rewards.
    package var isPossible: Bool { Self.mayBe(reward) && parts.allSatisfy(Self.mayBe) }
}

/// What gives a reward.
package protocol Scorer: Sendable {
    /// Reads what identifies the scorer. Throws as `Policy.fingerprint()` does.
    func fingerprint() async throws(ModelError) -> Fingerprint

    /// Scores a batch. The answer has one entry for each request, in the same order; a success is
    /// a raw reward that is possible (`Score.isPossible`).
    func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>]

    /// Why no completion of a prompt can have a reward, as far as the prompt alone tells; `nil`
    /// when nothing is known against it.
    func refusal(of prompt: Prompt) async -> ModelError?
}

extension Scorer {
    /// A scorer that takes every prompt.
    package func refusal(of prompt: Prompt) async -> ModelError? { nil }
}
