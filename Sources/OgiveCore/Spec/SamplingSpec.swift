/// A sampling: prompt set × reference policy × sampling parameters. Owns completions.
package struct SamplingSpec: Hashable, Sendable {
    /// The name of the prompt set. The set may grow: draws depend on each prompt alone.
    package var promptSet: String
    /// The reference policy.
    package var policy: PolicySpec
    /// How it is sampled; without a meaning where the policy is adopted.
    package var parameters: SamplingParameters

    /// Joins the three parts.
    package init(promptSet: String, policy: PolicySpec, parameters: SamplingParameters) {
        self.promptSet = promptSet
        self.policy = policy
        self.parameters = parameters
    }

    /// What identifies the sampling.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: CanonicalJSON.encode(self))
    }
}

extension SamplingSpec: Codable {
    private enum CodingKeys: String, CodingKey {
        case promptSet = "prompt_set"
        case policy, parameters
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let policy = try values.decode(PolicySpec.self, forKey: .policy)
        self.init(
            promptSet: try values.decode(String.self, forKey: .promptSet), policy: policy,
            parameters: policy.isAdopted
                ? SamplingParameters()
                : try values.decode(SamplingParameters.self, forKey: .parameters))
    }

    /// Leaves the parameters out where nobody knows them: those of adopted completions.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(promptSet, forKey: .promptSet)
        try values.encode(policy, forKey: .policy)
        if !policy.isAdopted { try values.encode(parameters, forKey: .parameters) }
    }
}

/// How the reference policy is sampled. Every field is sent to the server explicitly: servers'
/// own defaults are not neutral (llama.cpp's are temperature 0.8, top_k 40, top_p 0.95).
package struct SamplingParameters: Hashable, Sendable, Codable {
    /// Softmax temperature, at least 0; 1 samples the policy itself.
    package var temperature: Double = 1
    /// Nucleus mass in (0, 1]; 1 is off.
    package var topP: Double = 1
    /// Number of most likely tokens kept; 0 is off.
    package var topK: Int = 0
    /// Least probability relative to the most likely token, in [0, 1]; 0 is off.
    package var minP: Double = 0
    /// Most tokens of a completion; a longer one is kept and flagged as truncated.
    package var maxTokens: Int = 512
    /// Texts that end a completion (not included in it).
    package var stop: [String] = []
    /// Salt of the seeds: another value gives an independent replicate of the sampling.
    package var seed: UInt64 = 0
    /// Bits of the seeds that the server is sent, as far as it takes them: 63, or `nil` for the 31
    /// of samplings that were begun when there were no others.
    package var seedBits: Int?

    /// Neutral parameters.
    package init() {}

    private enum CodingKeys: String, CodingKey {
        case temperature
        case topP = "top_p"
        case topK = "top_k"
        case minP = "min_p"
        case maxTokens = "max_tokens"
        case stop
        case seed
        case seedBits = "seed_bits"
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        if !(temperature >= 0 && temperature.isFinite) { return "temperature must be at least 0" }
        if !(topP > 0 && topP <= 1) { return "top_p must be in (0, 1]" }
        if topK < 0 { return "top_k must be at least 0 (0 is off)" }
        if !(minP >= 0 && minP <= 1) { return "min_p must be in [0, 1]" }
        if maxTokens < 1 { return "max_tokens must be at least 1" }
        if let seedBits, seedBits != DrawSeed.bits { return "seed_bits must be \(DrawSeed.bits)" }
        if stop.contains("") { return "stop must not hold an empty text" }
        return nil
    }
}

/// The seed of a draw follows from its name: base(sampling, prompt key) + index.
///
/// Servers give choice i of a request `seed: s, n: k` the seed s + i, so draws asked for one by
/// one and k at a time are the same draws. The lower 31 bits of a base leave `room` for indexes, so
/// that index i never carries into the upper ones: a server that reads seeds as 32 bits
/// (llama.cpp, which takes 0xFFFFFFFF for "random") is sent the lower 31 bits of each.
package enum DrawSeed {
    /// How many indexes fit above a base.
    package static let room = 1 << 20
    /// Bits of a seed of a new sampling. With the 31 of former ones, about 150 pairs of prompts
    /// among 10⁵ of 32 draws share seeds.
    package static let bits = 63

    /// The base of a prompt's seeds, from SHA-256(sampling digest ‖ prompt key): its first 8 bytes
    /// reduced to 0..<2³¹ − 2²⁰, and above them the next 4 where the sampling's parameters say
    /// that seeds have 63 bits.
    package static func base(of sampling: SamplingSpec, promptKey: String) -> UInt64 {
        base(
            sampling: sampling.digest, promptKey: promptKey,
            isWide: sampling.parameters.seedBits != nil)
    }

    /// The same of a digest that is known.
    package static func base(
        sampling: SHA256Digest, promptKey: String, isWide: Bool
    ) -> UInt64 {
        var hasher = SHA256Hasher()
        hasher.update(sampling)
        hasher.update(promptKey)
        let digest = hasher.finish()
        let lower = digest.first % UInt64((1 << 31) - room)
        return isWide ? (digest.second >> 32) << 31 | lower : lower
    }

    /// No base is greater, so that each seed is less than 2⁶³.
    package static let baseMax = UInt64(1) << 63 - UInt64(room)

    /// The part of a seed that a server of 32 bits is sent.
    package static func lower(_ seed: UInt64) -> UInt64 { seed & (1 << 31 - 1) }
}
