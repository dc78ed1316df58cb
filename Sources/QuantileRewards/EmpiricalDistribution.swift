internal import Numerics

/// The distribution of the rewards of a prompt's reference completions: what turns a raw reward
/// into a quantile reward (QRPO, arXiv 2507.08068).
public struct EmpiricalDistribution: Sendable, Hashable {
    /// The rewards, ascending, at least one, all finite.
    public let rewards: [Double]

    /// Sorts `rewards`; `nil` when there is none, or one that is NaN or infinite: an error is
    /// never a score.
    public init?(_ rewards: some Sequence<Double>) {
        let sorted = rewards.sorted()
        // NaN would break the order of the sort, so each element is looked at.
        guard !sorted.isEmpty, sorted.allSatisfy(\.isFinite) else { return nil }
        self.rewards = sorted
    }

    /// n: the number of reference rewards.
    public var count: Int { rewards.count }

    /// R_q(r) = Pr[ref ≤ r] as estimated by the table, in [0, 1]; NaN when `reward` is not finite.
    ///
    /// `ties` says how references equal to `reward` count; the paper's estimator is `right`.
    public func quantileReward(of reward: Double, ties: TieRule = .right) -> Double {
        guard reward.isFinite else { return .nan }
        let total = Double(count)
        switch ties {
        case .right: return Double(rank(of: reward)) / total
        case .left: return Double(countBelow(reward)) / total
        case .mid: return Double(countBelow(reward) + rank(of: reward)) / (2 * total)
        }
    }

    /// The smallest reward r of the table with R_q(r) ≥ p; the smallest one for p = 0. `nil` when
    /// p is outside of [0, 1].
    public func quantile(_ p: Double) -> Double? {
        guard p >= 0, p <= 1 else { return nil }
        let total = Double(count)
        var rank = max(1, min(count, Int((p * total).rounded(.up))))
        // The product is rounded: the rank must be the least whose share reaches p.
        if rank > 1, Double(rank - 1) / total >= p {
            rank -= 1
        } else if rank < count, Double(rank) / total < p {
            rank += 1
        }
        return rewards[rank - 1]
    }

    /// Whether all rewards are equal: such a table cannot tell completions apart.
    public var isDegenerate: Bool { rewards.first == rewards.last }

    /// The mean of the rewards.
    public var mean: Double {
        // A running mean does not overflow where a sum of large rewards would.
        var mean = 0.0
        for (index, reward) in rewards.enumerated() {
            let share = 1 / Double(index + 1)
            mean += reward * share - mean * share
        }
        return mean
    }

    /// The standard deviation of the rewards, with n − 1 in the denominator; `nil` for n = 1.
    public var standardDeviation: Double? {
        guard count > 1 else { return nil }
        let mean = mean
        let squares = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(count - 1)).squareRoot()
    }

    /// #{ref ≤ reward}, by binary search.
    func rank(of reward: Double) -> Int {
        partition { $0 <= reward }
    }

    /// #{ref < reward}, by binary search.
    private func countBelow(_ reward: Double) -> Int {
        partition { $0 < reward }
    }

    /// The number of leading rewards for which `holds`, when it holds for a prefix.
    private func partition(_ holds: (Double) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(rewards[middle]) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

/// How references with the very reward in question count in its quantile reward.
public enum TieRule: String, Sendable, Hashable, CaseIterable {
    /// They count: mean(ref ≤ r), the estimator of QRPO (arXiv 2507.08068, equation of R_q).
    case right
    /// They count half: the mean of `left` and `right` (the mid-distribution function).
    case mid
    /// They do not count: mean(ref < r).
    case left
}

extension EmpiricalDistribution {
    /// √(q (1 − q) / n): the standard error of the quantile reward of `reward`, estimated by the
    /// table itself. 0 where no reference, or every reference, is at most `reward`; there an
    /// interval says more. NaN when `reward` is not finite.
    public func standardError(of reward: Double) -> Double {
        let q = quantileReward(of: reward)
        return (q * (1 - q) / Double(count)).squareRoot()
    }

    /// An interval for the quantile reward of `reward`; `nil` when it is not finite or `level` is
    /// not between 0 and 1.
    public func interval(
        of reward: Double, level: Double = 0.95, method: ShareInterval.Method = .jeffreys
    ) -> ShareInterval? {
        guard reward.isFinite else { return nil }
        return ShareInterval(
            successes: rank(of: reward), trials: count, level: level, method: method)
    }

    /// (k + 1) / (n + 2) with k = #{ref ≤ reward}: Laplace's rule of succession, never 0 or 1. NaN
    /// when `reward` is not finite.
    public func smoothedQuantileReward(of reward: Double) -> Double {
        guard reward.isFinite else { return .nan }
        return Double(rank(of: reward) + 1) / Double(count + 2)
    }

    /// ε such that the whole empirical distribution function lies within ε of the true one with
    /// probability at least `level`: √(ln(2 / (1 − level)) / 2n) (Dvoretzky, Kiefer and Wolfowitz
    /// 1956, with the constant of Massart 1990). NaN unless 0 < level < 1.
    public func bandHalfWidth(level: Double = 0.95) -> Double {
        guard level > 0, level < 1 else { return .nan }
        return (Double.log(2 / (1 - level)) / Double(2 * count)).squareRoot()
    }

    /// n² / Σ t², with t the sizes of the groups of equal rewards: n without ties, 1 when all
    /// rewards are equal (the inverse of Simpson's index). How many values the table tells apart.
    public var effectiveCount: Double {
        var squares = 0.0
        var start = 0
        for end in 1...count where end == count || rewards[end] != rewards[start] {
            squares += Double(end - start) * Double(end - start)
            start = end
        }
        return Double(count) * Double(count) / squares
    }
}

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
