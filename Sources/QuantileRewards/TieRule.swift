/// How references with the very reward in question count in its quantile reward.
public enum TieRule: String, Sendable, Hashable, CaseIterable {
    /// They count: mean(ref ≤ r), the estimator of QRPO (arXiv 2507.08068, equation of R_q).
    case right
    /// They count half: the mean of `left` and `right` (the mid-distribution function).
    case mid
    /// They do not count: mean(ref < r).
    case left
}
