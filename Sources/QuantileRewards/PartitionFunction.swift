internal import Numerics

/// The partition function of QRPO's optimal policy, known exactly because the quantile reward is
/// uniform on [0, 1] under the reference policy (arXiv 2507.08068, section 3.3).
public enum PartitionFunction {
    /// log Z(β) = log E[exp(f(q) / β)] for q uniform on [0, 1] and f the transform, in nats:
    ///
    /// - `identity`: log(β (exp(1/β) − 1)) = log β + 1/β + log1p(−exp(−1/β))
    /// - `log`: log(β / (1 + β))
    /// - `normalICDF`: 1 / (2 β²)
    /// - `scaledNormalICDF`: s² / (2 β²), with s the `spread`
    ///
    /// β must be more than 0 and finite: NaN otherwise. Exact to about 1e-15 for every β; +∞ where
    /// it overflows.
    public static func logZ(
        beta: Double, transform: RewardTransform = .identity, spread: Double = 1
    ) -> Double {
        guard beta > 0, beta.isFinite else { return .nan }
        switch transform {
        case .identity: return identity(beta)
        case .log: return -Double.log(onePlus: 1 / beta)
        case .normalICDF: return 0.5 / beta / beta
        case .scaledNormalICDF: return 0.5 * (spread / beta) * (spread / beta)
        }
    }

    /// log β + 1/β: what QRPO's trainer uses for `identity`, without the term
    /// log1p(−exp(−1/β)), which is below 5e-5 for β ≤ 0.1. In nats; NaN unless β is positive and
    /// finite.
    public static func simplifiedLogZ(beta: Double) -> Double {
        guard beta > 0, beta.isFinite else { return .nan }
        return Double.log(beta) + 1 / beta
    }

    /// log mean exp(f(R̂_q(ref)) / β) over the references of a table, in nats: what the partition
    /// function is when rewards are discrete, so that quantile rewards are not uniform. NaN unless
    /// β is positive and finite, and where the transform is not defined for so few references.
    public static func empiricalLogZ(
        of table: EmpiricalDistribution, beta: Double, transform: RewardTransform = .identity,
        spread: Double = 1
    ) -> Double {
        guard beta > 0, beta.isFinite else { return .nan }
        let exponents = table.rewards.map { reward in
            transform.value(
                of: table.quantileReward(of: reward), count: table.count, spread: spread) / beta
        }
        guard let top = exponents.max(), top.isFinite else { return .nan }
        let sum = exponents.reduce(0) { $0 + Double.exp($1 - top) }
        return top + Double.log(sum / Double(table.count))
    }

    private static func identity(_ beta: Double) -> Double {
        // With y = 1/(2β): log((e^2y − 1) / 2y) = y + log(sinh(y) / y).
        let y = 0.5 / beta
        if y < 0.1 {
            return y + logSinhRatioSeries(y)
        }
        if y < 20 {
            return y + Double.log(Double.sinh(y) / y)
        }
        // e^−2y is below the last digit, and sinh would overflow later on.
        return 2 * y - Double.log(2 * y)
    }

    /// log(sinh(y) / y) for small y by its Taylor series: the logarithm of a number near 1 would
    /// lose digits. The first term left out is 1.8e-7 y¹².
    private static func logSinhRatioSeries(_ y: Double) -> Double {
        let square = y * y
        let coefficients = [1.0 / 467_775, -1.0 / 37_800, 1.0 / 2_835, -1.0 / 180, 1.0 / 6]
        return coefficients.reduce(0) { ($0 * square) + $1 } * square
    }
}
