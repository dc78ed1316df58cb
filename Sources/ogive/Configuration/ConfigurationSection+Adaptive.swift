internal import OgiveCore
internal import OgiveModels

extension ConfigurationSection {
    /// How the number of draws follows from the first ones, with the most draws of a prompt: the
    /// section `precision` or `allocation`. They take the place of `draws`.
    func adaptiveDraws() -> (rule: AdaptiveDraws, most: Int)? {
        let precision = optional(
            "precision",
            "in place of draws: sample each prompt until its candidates are precise enough"
        ) { section in
            let target = section.number(
                "target_stderr", default: 0.05,
                NumberRule(
                    text: "between 0 and 0.5", exclusiveMinimum: 0, exclusiveMaximum: 0.5),
                "largest standard error of a candidate's quantile reward")
            let (min, most) = section.drawBounds("draws that every prompt gets; an unbiased subset")
            return (AdaptiveDraws(min: min, targetStandardError: target), most)
        }
        let allocation = optional(
            "allocation",
            "in place of draws: spread a total of draws so that they help most (Neyman allocation)"
        ) { section in
            let (min, most) = section.drawBounds(
                "draws that every prompt gets; their rewards decide how Ogive spreads the others")
            return (AdaptiveDraws(min: min, mean: section.meanDraws(min, most)), most)
        }
        let names = ["precision", "allocation", "draws"].filter(has)
        if names.count > 1, names != ["draws"] {
            report(
                names[names.count - 1], "excludes `\(names[0])`",
                hint: "the most draws of a prompt are `\(names[0]).max`")
        }
        return precision ?? allocation
    }

    private func drawBounds(_ aboutLeast: String) -> (min: Int, most: Int) {
        let all = 1...RunSpec.drawsMax
        let most = integer("max", default: 128, in: all, "the most draws of a prompt")
        let least = integer(
            "min", default: Swift.min(8, most), in: 1...most, declared: all, aboutLeast)
        return (least, most)
    }

    private func meanDraws(_ least: Int, _ most: Int) -> Double {
        let mean = number(
            "mean",
            NumberRule(
                text: "between `min` and `max`", minimum: 1, maximum: Double(RunSpec.drawsMax)),
            "draws of a prompt on average", example: "32", presence: .required)
        if !has("mean") {
            report("mean", "is missing", hint: "say how many draws a prompt gets on average")
        }
        guard let mean else { return Double(least) }
        if mean < Double(least) || mean > Double(most) {
            report("mean", "must be between `min` and `max`, not \(quoted("mean", "\(mean)"))")
        }
        return mean
    }
}
