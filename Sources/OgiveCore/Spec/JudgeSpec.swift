/// How a language model judges: the rubric, its parameters and how its answer becomes a number.
package struct JudgeSpec: Hashable, Sendable, Codable {
    /// Where the number stands in the answer.
    package enum Rule: String, Sendable, Codable, CaseIterable {
        /// The last number of the answer. `8/10` ends in 10.
        case lastNumber = "last_number"
        /// The first group of the last match of `pattern`.
        case regex
        /// The JSON pointer `pointer` into the answer, which is JSON, in a code block or not.
        case json
    }

    /// The user's message, with `{{prompt}}`, `{{completion}}`, `{{conversation}}`,
    /// `{{metadata.FIELD}}`.
    package var prompt: String
    /// The system's message; `nil` sends none.
    package var system: String?
    /// Where the number stands.
    package var rule: Rule = .lastNumber
    /// The regular expression of `regex`.
    package var pattern: String?
    /// The JSON pointer of `json`.
    package var pointer: String?
    /// The least number that is a reward.
    package var minimum: Double
    /// The greatest number that is a reward.
    package var maximum: Double
    /// Temperature.
    package var temperature: Double = 0
    /// Most tokens of an answer; one that is longer is a failure.
    package var maxTokens = 1_024
    /// The seed of the first answer; answer i has `seed + i`.
    package var seed: UInt32 = 0
    /// How many answers are averaged; all must be there.
    package var samples = 1

    /// Most answers for one completion.
    package static let samplesMax = 64

    /// A rubric whose last number is the reward.
    package init(prompt: String, minimum: Double, maximum: Double) {
        self.prompt = prompt
        self.minimum = minimum
        self.maximum = maximum
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        guard minimum.isFinite, maximum.isFinite, minimum < maximum else {
            return "judge.min must be less than judge.max"
        }
        guard temperature.isFinite, temperature >= 0 else {
            return "judge.temperature must be at least 0"
        }
        guard (1...Self.samplesMax).contains(samples), maxTokens > 0 else {
            return "judge.samples must be in 1...\(Self.samplesMax), judge.max_tokens more than 0"
        }
        if rule == .regex, pattern == nil { return "judge.pattern is missing" }
        if rule == .json, pointer == nil { return "judge.pointer is missing" }
        return nil
    }

    private enum CodingKeys: String, CodingKey {
        case prompt, system, rule, pattern, pointer, minimum, maximum, temperature, seed, samples
        case maxTokens = "max_tokens"
    }
}
