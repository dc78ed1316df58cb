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
