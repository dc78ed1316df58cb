/// A sampling: prompt set × reference policy × sampling parameters. Owns completions.
package struct SamplingSpec: Hashable, Sendable, Codable {
    /// The name of the prompt set. The set may grow: draws depend on each prompt alone.
    package var promptSet: String
    /// The reference policy.
    package var policy: PolicySpec
    /// How it is sampled.
    package var parameters: SamplingParameters

    /// Joins the three parts.
    package init(promptSet: String, policy: PolicySpec, parameters: SamplingParameters) {
        self.promptSet = promptSet
        self.policy = policy
        self.parameters = parameters
    }

    private enum CodingKeys: String, CodingKey {
        case promptSet = "prompt_set"
        case policy, parameters
    }

    /// What identifies the sampling.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: CanonicalJSON.encode(self))
    }
}
