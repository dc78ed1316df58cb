internal import Numerics

/// What a trainer does to quantile rewards before it computes its targets. Definitions, clamping
/// and the partition functions' closed forms: QRPO (arXiv 2507.08068, section 3.3) and its trainer
/// (CLAIRE-Labo/quantile-reward-policy-optimization, `src/qrpo/trainers/qrpo.py`).
public enum RewardTransform: String, Sendable, Hashable, CaseIterable {
    /// f(q) = q.
    case identity
    /// f(q) = log q, with q at least 1/n.
    case log
    /// f(q) = Φ⁻¹(q), with q in [1/n, (n − 1)/n].
    case normalICDF = "normal-icdf"
    /// f(q) = s Φ⁻¹(q), as `normalICDF`, with s the prompt's standard deviation of reference
    /// rewards over the mean of that over all prompts.
    case scaledNormalICDF = "scaled-normal-icdf"

    /// f(q) for a quantile reward from `count` references; `spread` is s. NaN for q outside of
    /// [0, 1], and for the normal transforms when `count` is below 2: nothing lies between 1/n and
    /// (n − 1)/n.
    public func value(of quantile: Double, count: Int, spread: Double = 1) -> Double {
        guard quantile >= 0, quantile <= 1, count > 0 else { return .nan }
        let n = Double(count)
        switch self {
        case .identity: return quantile
        case .log: return Double.log(max(quantile, 1 / n))
        case .normalICDF, .scaledNormalICDF:
            guard count > 1 else { return .nan }
            let clamped = min(max(quantile, 1 / n), (n - 1) / n)
            let scale = self == .normalICDF ? 1 : spread
            return scale * NormalDistribution.quantile(clamped)
        }
    }
}
