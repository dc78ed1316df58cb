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
