internal import Numerics

extension EmpiricalDistribution {
    /// V(x) = β log E[exp(r / β)], estimated by the mean over the table: the optimal value of
    /// regularised reward maximisation that A*-PO needs (arXiv 2505.20686). In units
    /// of reward; NaN unless β is positive and finite.
    ///
    /// The mean of an exponential is dominated by the largest rewards: for small β many
    /// completions are needed.
    public func softValue(beta: Double) -> Double {
        guard beta > 0, beta.isFinite else { return .nan }
        let top = rewards[count - 1]
        let sum = rewards.reduce(0) { $0 + Double.exp(($1 - top) / beta) }
        return top + beta * Double.log(sum / Double(count))
    }

    /// The standard error of the mean reward, s / √n; `nil` for n = 1. Of completions of a prefix,
    /// the mean is the prefix's value as VinePPO estimates it (arXiv 2410.01679).
    public var standardErrorOfMean: Double? {
        standardDeviation.map { $0 / Double(count).squareRoot() }
    }

    /// An interval between two rewards of the table for the `p`-quantile of the true distribution,
    /// whatever that is (David and Nagaraja 2003, section 7.1). `nil` when p or `level` is not
    /// between 0 and 1.
    public func quantileInterval(_ p: Double, level: Double = 0.95) -> QuantileInterval? {
        guard p > 0, p < 1, level > 0, level < 1 else { return nil }
        let tail = (1 - level) / 2
        // Greatest l with Pr[B ≤ l − 1] ≤ tail, least u with Pr[B ≤ u − 1] ≥ 1 − tail, for B
        // binomial (n, p): the rewards of rank l and u enclose the quantile.
        let lower = firstRank { binomialTail($0 - 1, p) > tail } - 1
        let upper = firstRank { binomialTail($0 - 1, p) >= 1 - tail }
        let coverage =
            (upper > count ? 1 : binomialTail(upper - 1, p))
            - (lower < 1 ? 0 : binomialTail(lower - 1, p))
        return QuantileInterval(
            lower: lower < 1 ? -.infinity : rewards[lower - 1],
            upper: upper > count ? .infinity : rewards[upper - 1], coverage: coverage)
    }

    /// The least rank in 1...n + 1 for which `holds`, when it holds from some rank on.
    private func firstRank(_ holds: (Int) -> Bool) -> Int {
        var (low, high) = (1, count + 1)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Pr[B ≤ k] for B binomial (n, p).
    private func binomialTail(_ k: Int, _ p: Double) -> Double {
        guard k >= 0 else { return 0 }
        guard k < count else { return 1 }
        return BetaDistribution(a: Double(count - k), b: Double(k + 1)).cdf(1 - p)
    }
}

/// An interval for a quantile of a distribution.
public struct QuantileInterval: Sendable, Hashable {
    /// The lower end: a reward, or −∞ where the table is too small to bound it.
    public let lower: Double
    /// The upper end: a reward, or ∞ where the table is too small to bound it.
    public let upper: Double
    /// The probability with which it covers the quantile of a continuous distribution; at least
    /// the level that was asked for. With ties it covers at least as often.
    public let coverage: Double
}
