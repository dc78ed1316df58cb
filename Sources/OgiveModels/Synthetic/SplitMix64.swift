internal import OgiveCore

/// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"): the
/// same seed gives the same numbers on every machine and in every version.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts at a seed.
    package init(seed: UInt64) {
        state = seed
    }

    /// Starts at one of the streams of a draw. The streams of 31-bit seeds are what they were
    /// before seeds had 63 bits; an odd factor that is not the step below keeps the others apart.
    init(of seed: UInt64, stream: UInt64) {
        let (lower, upper) = (DrawSeed.lower(seed), seed >> 31)
        state = (lower | stream << 32) &+ upper &* 0xD134_2543_DE82_EF95
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in the open interval (0, 1), a multiple of 2⁻⁵³ shifted by half of it.
    package mutating func uniform() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }
}
