/// Draws of one prompt to be sampled.
package struct SampleRequest: Hashable, Sendable {
    /// The prompt.
    package var prompt: Prompt
    /// The seed of draw 0; draw i has the seed `seedBase + i`.
    package var seedBase: UInt64
    /// The draws, ascending.
    package var indexes: [Int32]
    /// How to sample.
    package var parameters: SamplingParameters

    /// Joins the parts.
    package init(
        prompt: Prompt, seedBase: UInt64, indexes: [Int32], parameters: SamplingParameters
    ) {
        self.prompt = prompt
        self.seedBase = seedBase
        self.indexes = indexes
        self.parameters = parameters
    }
}

/// Completions of one prompt whose log-probabilities are wanted.
package struct LogProbabilityRequest: Hashable, Sendable {
    /// The prompt.
    package var prompt: Prompt
    /// The completions, byte for byte.
    package var completions: [String]

    /// Joins both.
    package init(prompt: Prompt, completions: [String]) {
        self.prompt = prompt
        self.completions = completions
    }
}

/// A reference policy as served somewhere.
package protocol Policy: Sendable {
    /// Reads what identifies the model from its server. Throws when it is not reachable, wants
    /// another key, or does not serve the model.
    func fingerprint() async throws(ModelError) -> Fingerprint

    /// Samples the draws. The answer has one entry for each index, in the same order; whether an
    /// entry is kept never depends on its content.
    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>]

    /// Why this server cannot give log-probabilities of completions that are given, and what to do;
    /// `nil` when it can. Throws as `fingerprint()` does.
    func logProbabilityObstacle() async throws(ModelError) -> String?

    /// Gives log π_ref of completions that are given, as if each had been sampled and ended by
    /// itself. The answer has one entry for each completion, in the same order.
    func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>]
}

extension Policy {
    private static var obstacle: String {
        "This policy cannot give the log-probability of a given completion. Leave `logprobs` out "
            + "of `run.candidates`."
    }

    /// A policy that gives none.
    package func logProbabilityObstacle() async throws(ModelError) -> String? { Self.obstacle }

    /// A policy that gives none.
    package func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>] {
        request.completions.map { _ in .failure(ModelError(.unsupported, Self.obstacle)) }
    }
}
