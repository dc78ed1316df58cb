/// The seed of a draw follows from its name: base(sampling, prompt key) + index.
///
/// Servers give choice i of a request `seed: s, n: k` the seed s + i, so draws asked for one by
/// one and k at a time are the same draws. Bases fill 31 bits less `room`: llama.cpp reads seeds
/// as 32 bits and takes 0xFFFFFFFF for "random".
package enum DrawSeed {
    /// How many indexes fit above a base.
    package static let room = 1 << 20

    /// The base of a prompt's seeds: the first 8 bytes of
    /// SHA-256(sampling digest ‖ prompt key), reduced to 0..<2³¹ − 2²⁰.
    package static func base(sampling: SHA256Digest, promptKey: String) -> UInt32 {
        let digest = SHA256Digest(hashing: sampling.bytes + Array(promptKey.utf8))
        let number = digest.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return UInt32(number % UInt64((1 << 31) - room))
    }
}
