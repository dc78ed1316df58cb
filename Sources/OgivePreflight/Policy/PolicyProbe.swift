package import OgiveCore

/// What the checks of a policy ask.
package struct PolicyProbe: Sendable {
    /// The policy at one endpoint.
    package var policy: any Policy
    /// The same with the log-probability of each token; `nil` where it is not to be had.
    package var detailed: (any Policy)?
    /// The endpoint's address.
    package let name: String
    /// Which policy is meant.
    package let spec: PolicySpec
    /// How it is sampled.
    package let parameters: SamplingParameters
    /// Some prompts of the set.
    package var prompts: [Prompt]
    /// What the server lets one see; `nil` when nothing.
    package let inspector: (any ModelInspector)?

    /// Whether the run wants log-probabilities of candidates.
    package var wantsCandidates = false

    /// Draws that share a request.
    static let choices: Int32 = 4
    /// Most tokens of a draw that is made for its seed only.
    static let tokensMax = 64
    /// The seed of draw 0 of the first prompt; the others' are apart from it.
    static let seedBase: UInt64 = 715_001 << 31 + 715_001

    /// Joins the parts; takes the first `promptsMax` prompts.
    package init(
        policy: any Policy, name: String, sampling: SamplingSpec, prompts: [Prompt],
        inspector: (any ModelInspector)? = nil
    ) {
        self.policy = policy
        self.name = name
        spec = sampling.policy
        parameters = sampling.parameters
        self.prompts = Array(prompts.prefix(Self.promptsMax))
        self.inspector = inspector
    }

    /// Most prompts that are tried.
    static let promptsMax = 4

    /// Short draws with the parameters of the run.
    var short: SamplingParameters {
        var parameters = parameters
        parameters.maxTokens = min(parameters.maxTokens, Self.tokensMax)
        return parameters
    }

    /// Draws of a prompt. Throws the first failure.
    func draw(
        _ prompt: Int, _ indexes: [Int32], _ parameters: SamplingParameters
    ) async throws(ModelError) -> [Completion] {
        let request = SampleRequest(
            prompt: prompts[prompt], seedBase: Self.seedBase + UInt64(prompt) * 10_000,
            indexes: indexes, parameters: parameters)
        let results = await policy.sample(request)
        guard results.count == indexes.count else {
            throw ModelError(
                .wrongCount, "\(results.count) answers came to \(indexes.count) draws")
        }
        var completions: [Completion] = []
        for result in results { completions.append(try result.get()) }
        return completions
    }

    /// The same for several requests at once, in order.
    func draw(
        _ requests: [(prompt: Int, indexes: [Int32])], _ parameters: SamplingParameters
    ) async throws -> [[Completion]] {
        try await withThrowingTaskGroup(of: (Int, [Completion]).self) { group in
            for (place, request) in requests.enumerated() {
                group.addTask {
                    (place, try await draw(request.prompt, request.indexes, parameters))
                }
            }
            var answers = [[Completion]](repeating: [], count: requests.count)
            for try await (place, completions) in group { answers[place] = completions }
            return answers
        }
    }
}
