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

/// How probably one completion is preferred to another.
public enum Preference {
    /// σ((a − b) / scale): Bradley and Terry (1952). NaN unless both rewards are finite and the
    /// scale is positive.
    public static func probability(of a: Double, over b: Double, scale: Double = 1) -> Double {
        guard a.isFinite, b.isFinite, scale > 0 else { return .nan }
        let x = (a - b) / scale
        // Both forms are the same; each is exact where the other would overflow or cancel.
        return x >= 0 ? 1 / (1 + Double.exp(-x)) : Double.exp(x) / (1 + Double.exp(x))
    }

    /// The probability that the majority of `votes` independent votes, each for `a` with
    /// `probability(of:over:scale:)`, is for `a`; an even split counts half. For methods that learn
    /// from votes instead of rewards (zeroth-order policy gradients from preferences, arXiv
    /// 2409.17401). NaN also for less than one vote.
    public static func majority(
        of votes: Int, for a: Double, over b: Double, scale: Double = 1
    ) -> Double {
        guard votes > 0 else { return .nan }
        let p = probability(of: a, over: b, scale: scale)
        guard !p.isNaN else { return .nan }
        // Pr[B > M/2] = I_p(m, m) with m = (M + 1)/2 for odd M; an even number decides as the odd
        // one below it does.
        let half = Double((votes + 1) / 2)
        return BetaDistribution(a: half, b: half).cdf(p)
    }
}

/// The standard normal distribution.
enum NormalDistribution {
    /// The x with Φ(x) = p, to about 1e-16 relative: algorithm AS 241 (Wichura 1988, Applied
    /// Statistics 37, 477–484, PPND16). −∞ for 0, ∞ for 1, NaN outside of [0, 1].
    static func quantile(_ p: Double) -> Double {
        guard p >= 0, p <= 1 else { return .nan }
        guard p > 0, p < 1 else { return p == 0 ? -.infinity : .infinity }
        let q = p - 0.5
        if abs(q) <= 0.425 {
            let r = 0.180625 - q * q
            return q * polynomial(nearNumerator, r) / polynomial(nearDenominator, r)
        }
        let r = (-Double.log(min(p, 1 - p))).squareRoot()
        let size =
            r <= 5
            ? polynomial(middleNumerator, r - 1.6) / polynomial(middleDenominator, r - 1.6)
            : polynomial(farNumerator, r - 5) / polynomial(farDenominator, r - 5)
        return q < 0 ? -size : size
    }

    /// Horner's rule; coefficients from the highest power down.
    private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
        coefficients.reduce(0) { $0 * x + $1 }
    }

    private static let nearNumerator = [
        2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
        4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
        1.3314166789178437745e+2, 3.3871328727963666080e+0,
    ]
    private static let nearDenominator = [
        5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4,
        2.1213794301586595867e+4, 5.3941960214247511077e+3, 6.8718700749205790830e+2,
        4.2313330701600911252e+1, 1.0,
    ]
    private static let middleNumerator = [
        7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
        1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
        4.63033784615654529590e+0, 1.42343711074968357734e+0,
    ]
    private static let middleDenominator = [
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
        1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e+0,
        2.05319162663775882187e+0, 1.0,
    ]
    private static let farNumerator = [
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
        2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
        5.46378491116411436990e+0, 6.65790464350110377720e+0,
    ]
    private static let farDenominator = [
        2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
        7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
        5.99832206555887937690e-1, 1.0,
    ]
}
