/// A declared distribution of rewards and latencies, in place of a model.
///
/// A synthetic policy writes its latent reward into the text of the completion; a synthetic scorer
/// reads it back, so the whole path is exercised and the true distribution is known.
package struct SyntheticSpec: Hashable, Sendable, Codable {
    /// The law of the rewards.
    package enum Distribution: String, Sendable, Codable, CaseIterable {
        /// Normal with `mean` and `scale` (standard deviation).
        case normal
        /// Exponential with mean `scale`, shifted by `mean`.
        case exponential
        /// Uniform over `values`, so that ties are common.
        case discrete
    }

    /// The law of the rewards.
    package var distribution: Distribution = .normal
    /// Location, in units of reward.
    package var mean: Double = 0
    /// Scale, in units of reward; more than 0.
    package var scale: Double = 1
    /// The support of `discrete`.
    package var values: [Double] = []
    /// Mean time that a completion takes, in milliseconds (exponentially distributed; 0: none).
    package var latencyMilliseconds: Double = 0
    /// A day: a longer one would not fit a `Duration`, drawn at random.
    private static let latencyMillisecondsMax = 86_400_000.0
    /// Length of a completion's text, in characters.
    package var textLength: Int = 64

    /// The standard normal without latency.
    package init() {}

    private enum CodingKeys: String, CodingKey {
        case distribution, mean, scale, values
        case latencyMilliseconds = "latency_ms"
        case textLength = "text_length"
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        if !mean.isFinite { return "mean must be a finite number" }
        if !(scale > 0 && scale.isFinite) { return "scale must be more than 0" }
        if distribution == .discrete, values.isEmpty { return "discrete needs `values`" }
        if !values.allSatisfy(Score.mayBe) {
            return "values must be numbers up to ±\(Score.magnitudeMax)"
        }
        if !(0...Self.latencyMillisecondsMax).contains(latencyMilliseconds) {
            return "latency_ms must be in 0...\(Int(Self.latencyMillisecondsMax))"
        }
        if !(32...1_000_000).contains(textLength) {
            return "text_length must be in 32...1000000"
        }
        return nil
    }
}
