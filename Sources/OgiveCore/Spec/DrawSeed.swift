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
