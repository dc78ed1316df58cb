internal import OgiveCore

extension ConfigurationSection {
    /// How the number of draws follows from the first ones, with the most draws of a prompt: the
    /// section `precision` or `allocation`. They take the place of `draws`.
    func adaptiveDraws() -> (rule: AdaptiveDraws, most: Int)? {
        let precision = optional("precision") { section in
            let (min, most) = section.drawBounds()
            let target = section.number("target_stderr", default: 0.05, "between 0 and 0.5") {
                $0 > 0 && $0 < 0.5
            }
            return (AdaptiveDraws(min: min, targetStandardError: target), most)
        }
        let allocation = optional("allocation") { section in
            let (min, most) = section.drawBounds()
            if !section.has("mean") {
                section.report(
                    "mean", "is missing", hint: "say how many draws a prompt gets on average")
            }
            let mean = section.number(
                "mean", default: Double(min), "between `min` and `max`"
            ) { $0 >= Double(min) && $0 <= Double(most) }
            return (AdaptiveDraws(min: min, mean: mean), most)
        }
        _ = node("draws")
        let names = ["precision", "allocation", "draws"].filter(has)
        if names.count > 1, names != ["draws"] {
            report(
                names[names.count - 1], "excludes `\(names[0])`",
                hint: "the most draws of a prompt are `\(names[0]).max`")
        }
        return precision ?? allocation
    }

    private func drawBounds() -> (min: Int, most: Int) {
        let most = integer("max", default: 128, in: 1...RunSpec.drawsMax)
        return (integer("min", default: Swift.min(8, most), in: 1...most), most)
    }
}
