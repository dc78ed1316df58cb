internal import OgiveCore
internal import OgiveModels

extension JudgeSpec {
    /// Reads `scorer.judge`.
    init(from section: ConfigurationSection) {
        self.init(
            prompt: section.requiredText("prompt"), minimum: Self.bound("min", section),
            maximum: Self.bound("max", section))
        system = section.text("system")
        rule = section.choice("parse") ?? .lastNumber
        pattern = section.text("pattern")
        pointer = section.text("pointer")
        temperature = section.number("temperature", default: 0, "at least 0") { $0 >= 0 }
        maxTokens = section.integer("max_tokens", default: 1_024, in: 1...Int(Int32.max))
        seed = section.integer("seed", default: 0, in: 0...UInt32.max)
        samples = section.integer("samples", default: 1, in: 1...Self.samplesMax)
        for (key, owner) in [("pattern", Rule.regex), ("pointer", .json)]
        where section.has(key) && rule != owner {
            section.report(key, "means nothing unless parse is \(owner.rawValue)")
        }
        if section.has("prompt"), section.has("min"), section.has("max"),
            let problem = JudgeScorer.problem(of: self)
        {
            section.report("prompt", "and the other keys cannot be used: \(problem)")
        }
    }

    /// A bound of the reward, which must be given.
    private static func bound(_ key: String, _ section: ConfigurationSection) -> Double {
        let number = section.number(key, default: 0)
        if !section.has(key) {
            section.report(key, "is missing", hint: "a number outside the range is a failure")
        }
        return number
    }
}
