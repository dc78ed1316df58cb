internal import Numerics

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
