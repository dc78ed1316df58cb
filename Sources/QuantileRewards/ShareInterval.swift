internal import Numerics

/// An interval for a share, such as a quantile reward, of which `successes` in `trials` were seen.
public struct ShareInterval: Sendable, Hashable {
    /// How the interval is made.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// Wilson (1927): inverts the normal test of the share. Never empty, never outside [0, 1].
        case wilson
        /// Equal tails of Beta(k + ½, n − k + ½), the posterior under Jeffreys' prior, with the end
        /// at 0 for k = 0 and at 1 for k = n (Brown, Cai and DasGupta 2001, section 4.3).
        case jeffreys
    }

    /// The lower end, in [0, 1].
    public let lower: Double
    /// The upper end, in [0, 1].
    public let upper: Double

    /// Makes the interval that covers the share with probability near `level`; `nil` unless
    /// 0 ≤ successes ≤ trials, trials > 0 and 0 < level < 1.
    public init?(successes: Int, trials: Int, level: Double = 0.95, method: Method = .jeffreys) {
        guard trials > 0, successes >= 0, successes <= trials, level > 0, level < 1 else {
            return nil
        }
        let (k, n) = (Double(successes), Double(trials))
        switch method {
        case .wilson:
            let z = NormalDistribution.quantile(0.5 + level / 2)
            let weight = n / (n + z * z)
            let center = (k + z * z / 2) / (n + z * z)
            let half = z * weight / n * (k * (n - k) / n + z * z / 4).squareRoot()
            // At the ends the formula gives 0 and 1, but for rounding.
            lower = successes == 0 ? 0 : max(0, center - half)
            upper = successes == trials ? 1 : min(1, center + half)
        case .jeffreys:
            let posterior = BetaDistribution(a: k + 0.5, b: n - k + 0.5)
            let tail = (1 - level) / 2
            lower = successes == 0 ? 0 : posterior.quantile(tail)
            upper = successes == trials ? 1 : posterior.quantile(1 - tail)
        }
    }
}
