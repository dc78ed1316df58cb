internal import Glibc
package import OgiveCore

/// What a synthetic policy draws: everything follows from the draw's seed.
package struct SyntheticLaw: Sendable {
    private let spec: SyntheticSpec

    /// Takes a valid specification; throws `invalidSpecification` with what is wrong.
    package init(_ spec: SyntheticSpec) throws(ModelError) {
        if let problem = spec.problem {
            throw ModelError(.invalidSpecification, "synthetic policy: \(problem)")
        }
        self.spec = spec
    }

    /// The latent reward, from the draw's seed alone.
    package func reward(seed: UInt64) -> Double {
        var generator = SplitMix64(of: seed, stream: 0)
        switch spec.distribution {
        case .normal:
            // Box and Muller, 1958.
            let radius = (-2 * log(generator.uniform())).squareRoot()
            return spec.mean + spec.scale * radius * cos(2 * .pi * generator.uniform())
        case .exponential:
            return spec.mean - spec.scale * log(generator.uniform())
        case .discrete:
            // Lemire's multiplication; the bias is below count / 2⁶⁴.
            let place = generator.next().multipliedFullWidth(by: UInt64(spec.values.count)).high
            return spec.values[Int(place)]
        }
    }

    /// The time that the draw takes, from its seed too.
    package func latency(seed: UInt64) -> Duration {
        guard spec.latencyMilliseconds > 0 else { return .zero }
        var generator = SplitMix64(of: seed, stream: 1)
        return .milliseconds(-spec.latencyMilliseconds * log(generator.uniform()))
    }

    /// What is reported of a text that is given; it is no property of the distribution.
    func logProbability(of text: String, after key: String) -> LogProbability {
        let digest = SHA256Digest(hashing: Array("\(key)\n\(text)".utf8))
        let fraction = Double(digest.bytes[0]) / 256
        let tokens = max(1, text.count / 4)
        return LogProbability(sum: -Double(tokens) * (0.5 + fraction), tokenCount: tokens)
    }

    /// The completion: the reward, exactly, and letters up to the declared length.
    package func completion(seed: UInt64, maxTokens: Int) -> Completion {
        let text = SyntheticText.write(
            reward: reward(seed: seed), length: spec.textLength, seed: seed)
        var generator = SplitMix64(of: seed, stream: 2)
        // About four characters to a token, as in English text; each is one byte.
        let tokens = max(1, text.utf8.count / 4)
        let isTruncated = tokens > maxTokens
        let count = min(tokens, maxTokens)
        return Completion(
            text: text, tokenCount: count, finishReason: isTruncated ? .length : .stop,
            logProbability: -Double(count) * (0.5 + generator.uniform()))
    }
}

/// The text of a synthetic completion: `synthetic reward=-0x1.8p+0; abc…`.
package enum SyntheticText {
    private static let opening = "synthetic reward="
    private static let letters = Array("abcdefghijklmnopqrstuvwxyz ".utf8)

    /// Writes a reward so that it is read back bit for bit, then letters up to `length` characters
    /// (a text is never shorter than its reward needs).
    package static func write(reward: Double, length: Int, seed: UInt64) -> String {
        // Swift prints the shortest decimal that reads back as the same number.
        var bytes = Array("\(opening)\(reward); ".utf8)
        bytes.reserveCapacity(length)
        let letters = letters
        var generator = SplitMix64(of: seed, stream: 3)
        var pool: UInt64 = 0
        while bytes.count < length {
            if pool < 27 { pool = generator.next() }
            bytes.append(letters[Int(pool % 27)])
            pool /= 27
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads the reward back; throws `malformed` when the text is not of a synthetic policy.
    package static func reward(in text: String) throws(ModelError) -> Double {
        // Bytes: to look at the characters of a long text costs more than all else here.
        guard text.utf8.starts(with: opening.utf8),
            let reward = Double(
                String(
                    decoding: text.utf8.dropFirst(opening.utf8.count)
                        .prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self))
        else {
            throw ModelError(
                .malformed,
                "the completion is not of a synthetic policy, so the synthetic scorer cannot "
                    + "read its reward: `\(text.prefix(80))`")
        }
        guard reward.isFinite else {
            throw ModelError(.notFinite, "the synthetic reward is \(reward)")
        }
        return reward
    }
}

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
