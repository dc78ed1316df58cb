internal import OgiveCore
internal import OgiveModels

extension JudgeSpec {
    /// Reads `scorer.judge`.
    init(from section: ConfigurationSection) {
        self.init(
            prompt: section.requiredText(
                "prompt", "the user's message, with the names of `http.request`",
                example: "\"Grade 1 to 10: {{prompt}} {{completion}}\""),
            minimum: Self.bound("min", section, "a number below is a failure", example: "1"),
            maximum: Self.bound("max", section, "a number above is a failure", example: "10"))
        system = section.text(
            "system", "the system's message", example: "\"You grade answers.\"", absent: "none")
        rule = section.choice(
            "parse", default: .lastNumber, "how the answer becomes a number")
        pattern = section.text(
            "pattern", "for regex (PCRE2): the first group of its last match",
            example: "\"Grade: ([0-9]+)\"")
        pointer = section.text(
            "pointer", "for json: JSON pointer into the answer", example: "/grade")
        temperature = section.number(
            "temperature", default: 0, .notNegative, "of the answers")
        maxTokens = section.integer(
            "max_tokens", default: 1_024, in: 1...Int(Int32.max),
            "an answer that is longer is a failure")
        seed = section.integer(
            "seed", default: 0, in: 0...UInt32.max,
            "of the first answer; answer i has seed + i")
        samples = section.integer(
            "samples", default: 1, in: 1...Self.samplesMax, "answers whose mean is the reward")
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
    private static func bound(
        _ key: String, _ section: ConfigurationSection, _ about: String, example: String
    ) -> Double {
        let number =
            section.number(key, .finite, about, example: example, presence: .required) ?? 0
        if !section.has(key) {
            section.report(key, "is missing", hint: "a number outside the range is a failure")
        }
        return number
    }
}
