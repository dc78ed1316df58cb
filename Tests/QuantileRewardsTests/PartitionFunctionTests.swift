import QuantileRewards
import Testing

@Suite("The partition function", .timeLimit(.minutes(10)))
struct PartitionFunctionTests {
    /// (β, log(β (exp(1/β) − 1))), computed with 900 decimal digits.
    private static let references: [(Double, Double)] = [
        (1e-300, 9.999999999999999e+299),
        (0.0009765625, 1017.0685281944005),
        (0.01, 95.39482981401191),
        (0.0249, 36.46775509476965),
        (0.0251, 36.155750017354805),
        (0.1, 7.697369506045583),
        (0.5, 1.1614393615711955),
        (1, 0.5413248546129181),
        (2, 0.2603950509927567),
        (4.9, 0.10377560244284931),
        (5.1, 0.09964065072053739),
        (10, 0.050416631949954875),
        (100, 0.00500416666319445),
        (12345.678, 4.050027669604509e-05),
        (1e6, 5.000000416666666e-07),
        (1e10, 5.000000000041667e-11),
        (1e100, 5e-101),
    ]

    @Test("is exact to 14 digits for small and large β", arguments: references)
    func isExact(beta: Double, expected: Double) {
        let value = PartitionFunction.logZ(beta: beta)
        #expect(abs(value - expected) <= 1e-14 * expected, "\(value) and not \(expected)")
    }

    @Test("is the mean of exp(q / β) over uniform q")
    func isTheMean() {
        let steps = 200_000
        for beta in [0.5, 1, 3] {
            let sum = (0..<steps).reduce(0.0) { sum, step in
                sum + exponential((Double(step) + 0.5) / Double(steps) / beta)
            }
            let logZ = PartitionFunction.logZ(beta: beta)
            #expect(abs(sum / Double(steps) - exponential(logZ)) < 1e-9)
        }
    }

    @Test("is NaN where β is not more than 0 and finite")
    func refusesBadBeta() {
        for beta in [0, -1, Double.nan, .infinity, -.infinity] {
            #expect(PartitionFunction.logZ(beta: beta).isNaN)
        }
    }

    /// e^x by its series, so that the test does not lean on the code under test.
    private func exponential(_ x: Double) -> Double {
        var (sum, term) = (1.0, 1.0)
        for k in 1..<60 {
            term *= x / Double(k)
            sum += term
        }
        return sum
    }
}
