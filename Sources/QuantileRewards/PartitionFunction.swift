internal import Numerics

/// The partition function of QRPO's optimal policy, known exactly because the quantile reward is
/// uniform on [0, 1] under the reference policy (arXiv 2507.08068).
public enum PartitionFunction {
    /// log Z(β) = log E[exp(q/β)] = log(β (exp(1/β) − 1)) for q uniform on [0, 1], in nats.
    ///
    /// β must be more than 0 and finite: NaN otherwise. Exact to about 1e-15 for every β; +∞ when
    /// 1/β overflows.
    public static func logZ(beta: Double) -> Double {
        guard beta > 0, beta.isFinite else { return .nan }
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
