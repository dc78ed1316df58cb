import Testing

@testable import QuantileRewards

/// Every function against values computed by SciPy and mpmath: `reference.json`, written by
/// `generate_reference.py`.
@Suite("Values of SciPy and mpmath", .timeLimit(.minutes(10)))
struct ReferenceTests {
    @Test("agree to 1e-12 for every function")
    func agree() throws {
        let cases = try Reference.cases()
        #expect(cases.count > 1000)
        #expect(Set(cases.map(\.function)).count == 18)
        for reference in cases {
            let value = try #require(
                self.value(of: reference.function, reference.arguments, reference.field),
                "\(reference.function) is not known")
            #expect(Reference.agree(value, reference.value), "\(reference): \(value)")
        }
    }

    private func value(
        of function: String, _ arguments: [Reference.Argument], _ field: String?
    ) -> Double? {
        let numbers = arguments.compactMap(\.number)
        let text = arguments.compactMap(\.text).first
        if let table = arguments.compactMap(\.list).first.flatMap(EmpiricalDistribution.init) {
            return value(of: function, table, numbers, text, field)
        }
        switch function {
        case "normal_quantile": return NormalDistribution.quantile(numbers[0])
        case "beta_cdf": return BetaDistribution(a: numbers[1], b: numbers[2]).cdf(numbers[0])
        case "beta_quantile":
            return BetaDistribution(a: numbers[1], b: numbers[2]).quantile(numbers[0])
        case "share_interval":
            let method = text.flatMap(ShareInterval.Method.init)
            let interval = method.flatMap {
                ShareInterval(
                    successes: Int(numbers[0]), trials: Int(numbers[1]), level: numbers[2],
                    method: $0)
            }
            return field == "lower" ? interval?.lower : interval?.upper
        case "transform_quantile":
            return text.flatMap(RewardTransform.init)?.value(
                of: numbers[0], count: Int(numbers[1]), spread: numbers[2])
        case "log_partition":
            return text.flatMap(RewardTransform.init).map {
                PartitionFunction.logZ(beta: numbers[0], transform: $0, spread: numbers[1])
            }
        case "simplified_log_partition":
            return PartitionFunction.simplifiedLogZ(beta: numbers[0])
        case "band_half_width":
            let rewards = (0..<Int(numbers[0])).map(Double.init)
            return EmpiricalDistribution(rewards)?.bandHalfWidth(level: numbers[1])
        case "preference_probability":
            return Preference.probability(of: numbers[0], over: numbers[1], scale: numbers[2])
        case "majority_preference":
            return Preference.majority(
                of: Int(numbers[0]), for: numbers[1], over: numbers[2], scale: numbers[3])
        default: return nil
        }
    }

    private func value(
        of function: String, _ table: EmpiricalDistribution, _ numbers: [Double], _ text: String?,
        _ field: String?
    ) -> Double? {
        switch function {
        case "effective_count": table.effectiveCount
        case "mean_value": field == "value" ? table.mean : table.standardErrorOfMean
        case "quantile_reward":
            table.quantileReward(
                of: numbers[0], ties: text.flatMap(TieRule.init) ?? .right)
        case "smoothed_quantile_reward": table.smoothedQuantileReward(of: numbers[0])
        case "quantile_standard_error": table.standardError(of: numbers[0])
        case "soft_value": table.softValue(beta: numbers[0])
        case "empirical_log_partition":
            text.flatMap(RewardTransform.init).map {
                PartitionFunction.empiricalLogZ(
                    of: table, beta: numbers[0], transform: $0, spread: numbers[1])
            }
        case "quantile_interval":
            table.quantileInterval(numbers[0], level: numbers[1]).flatMap {
                ["lower": $0.lower, "upper": $0.upper, "coverage": $0.coverage][field ?? ""]
            }
        default: nil
        }
    }
}
