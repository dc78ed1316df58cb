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

/// The beta distribution with both parameters positive: intervals of shares come from it, and so
/// do the tails of the binomial distribution.
struct BetaDistribution {
    let a: Double
    let b: Double

    /// More terms than any parameters up to a billion need.
    private static let termsMax = 200_000
    private static let stepsMax = 200

    /// I_x(a, b), the regularised incomplete beta function: its continued fraction (NIST DLMF
    /// 8.17.22) by Lentz's method, on the side of the mean where it converges fast.
    func cdf(_ x: Double) -> Double {
        guard x > 0 else { return x.isNaN ? .nan : 0 }
        guard x < 1 else { return 1 }
        if x > (a + 1) / (a + b + 2) {
            return 1 - BetaDistribution(a: b, b: a).lowerTail(1 - x)
        }
        return lowerTail(x)
    }

    /// The x with I_x(a, b) = p, to about 1e-14; NaN for p outside of [0, 1].
    ///
    /// Newton's steps, and halves of the bracket where one would leave it.
    func quantile(_ p: Double) -> Double {
        guard p >= 0, p <= 1 else { return .nan }
        guard p > 0, p < 1 else { return p }
        var (low, high) = (0.0, 1.0)
        var x = a / (a + b)
        for _ in 0..<Self.stepsMax {
            let excess = cdf(x) - p
            if excess > 0 { high = x } else { low = x }
            var next = x - excess / density(x)
            if !(next > low && next < high) { next = (low + high) / 2 }
            if abs(next - x) <= 1e-16 + 1e-15 * x { return next }
            x = next
        }
        return x
    }

    private func lowerTail(_ x: Double) -> Double {
        // x^a (1 − x)^b / (a B(a, b)), times the fraction.
        power(x) / a * fraction(x)
    }

    private func density(_ x: Double) -> Double {
        power(x) / (x * (1 - x))
    }

    /// x^a (1 − x)^b / B(a, b) by Stirling's formula with its error, and the deviance in a form
    /// without cancellation (Loader 2000): logarithms of gamma functions would lose digits.
    private func power(_ x: Double) -> Double {
        let sum = a + b
        let error = stirlingError(sum) - stirlingError(a) - stirlingError(b)
        let scale = (a / sum * b / (2 * Double.pi)).squareRoot()
        return scale * Double.exp(error - deviance(a, sum * x) - deviance(b, sum * (1 - x)))
    }

    /// value log(value / mean) + mean − value.
    private func deviance(_ value: Double, _ mean: Double) -> Double {
        let excess = (value - mean) / mean
        return mean * ((1 + excess) * Double.log(onePlus: excess) - excess)
    }

    /// log Γ(z) − ((z − ½) log z − z + ½ log 2π): the series of NIST DLMF 5.11.1 from 16 on.
    private func stirlingError(_ z: Double) -> Double {
        guard z >= 16 else {
            let formula = (z - 0.5) * Double.log(z) - z + 0.5 * Double.log(2 * Double.pi)
            return Double.logGamma(z) - formula
        }
        let coefficients = [-691.0 / 360_360, 1.0 / 1188, -1.0 / 1680, 1.0 / 1260, -1.0 / 360]
        let square = 1 / (z * z)
        return (coefficients.reduce(0) { ($0 + $1) * square } + 1.0 / 12) / z
    }

    private func fraction(_ x: Double) -> Double {
        let tiny = 1e-300
        var numerator = 1.0
        var denominator = 1 / nonzero(1 - (a + b) * x / (a + 1), tiny)
        var value = denominator
        for term in 1...Self.termsMax {
            let m = Double(term)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            denominator = 1 / nonzero(1 + even * denominator, tiny)
            numerator = nonzero(1 + even / numerator, tiny)
            value *= denominator * numerator
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            denominator = 1 / nonzero(1 + odd * denominator, tiny)
            numerator = nonzero(1 + odd / numerator, tiny)
            let step = denominator * numerator
            value *= step
            if abs(step - 1) < 1e-16 { break }
        }
        return value
    }

    private func nonzero(_ value: Double, _ tiny: Double) -> Double {
        abs(value) < tiny ? tiny : value
    }
}
