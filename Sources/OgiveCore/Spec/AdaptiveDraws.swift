internal import QuantileRewards

/// How the number of draws of each prompt follows from its first draws. `RunSpec.draws` is the
/// most that any prompt gets.
package struct AdaptiveDraws: Hashable, Sendable, Codable {
    /// Draws of each prompt at first: they do not depend on any reward.
    package var min: Int
    /// Sample each prompt until every candidate's quantile reward has at most this standard error.
    package var targetStandardError: Double?
    /// Or spread this many draws a prompt, on average, by Neyman allocation.
    package var mean: Double?

    /// Sampling to a precision.
    package init(min: Int, targetStandardError: Double) {
        self.min = min
        self.targetStandardError = targetStandardError
    }

    /// Spreading a number of draws.
    package init(min: Int, mean: Double) {
        self.min = min
        self.mean = mean
    }

    private enum CodingKeys: String, CodingKey {
        case min, mean
        case targetStandardError = "target_stderr"
    }

    /// The rule of a precision; `nil` for an allocation.
    var precision: PrecisionRule? {
        targetStandardError.flatMap { PrecisionRule(targetStandardError: $0) }
    }

    /// Whether a look is at the first `min` draws alone; else at all that were asked for so far.
    package var looksAtFirst: Bool { precision == nil }

    /// What is wrong with the values, as a sentence that names the key.
    func problem(max: Int) -> String? {
        let section = mean == nil ? "precision" : "allocation"
        if !(1...max).contains(min) { return "\(section).min must be in 1...\(max), its max" }
        if let targetStandardError, !(targetStandardError > 0 && targetStandardError < 0.5) {
            return "precision.target_stderr must be between 0 and 0.5"
        }
        if let mean, !(mean >= Double(min) && mean <= Double(max)) {
            return "allocation.mean must be between its min and its max"
        }
        return targetStandardError == nil && mean == nil
            ? "precision.target_stderr is missing" : nil
    }
}

/// What is seen of a prompt when all of its draws so far are resolved, and all of its candidates.
package struct PromptObservation: Hashable, Sendable {
    /// The prompt.
    package var prompt: PromptID
    /// Draws asked for so far.
    package var draws: Int
    /// Those that are looked at and have a reward.
    package var count: Int
    /// How many of their rewards are at most that of each candidate with a reward.
    package var ranks: [Int]

    /// Joins the parts.
    package init(prompt: PromptID, draws: Int, count: Int, ranks: [Int]) {
        self.prompt = prompt
        self.draws = draws
        self.count = count
        self.ranks = ranks
    }
}

/// A prompt that gets more draws.
package struct RaisedTarget: Hashable, Sendable {
    /// The prompt.
    package var prompt: PromptID
    /// Draws asked for before.
    package var from: Int
    /// Draws asked for from now on.
    package var draws: Int
}

/// Decides which prompts of a run get more draws: a function of what is seen of all of them, and
/// of nothing else, so that who finds the same rewards decides the same.
package struct TargetDecision: Sendable {
    private let rule: AdaptiveDraws
    private let max: Int
    private var raised: [RaisedTarget] = []
    private var spread: [(prompt: PromptID, draws: Int, weight: Double)] = []

    /// Begins with no prompt seen.
    package init(_ rule: AdaptiveDraws, max: Int) {
        self.rule = rule
        self.max = max
    }

    /// Takes in a prompt; all of a run come, by ascending id. An allocation remembers them.
    package mutating func see(_ look: PromptObservation) {
        if let precision = rule.precision {
            let next = precision.next(
                after: look.draws, ranks: look.ranks, of: look.count, max: max)
            if next > look.draws {
                raised.append(RaisedTarget(prompt: look.prompt, from: look.draws, draws: next))
            }
        } else {
            let weight = NeymanAllocation.weight(ranks: look.ranks, of: look.count)
            spread.append((look.prompt, look.draws, weight))
        }
    }

    /// The prompts that get more. A target never falls.
    package func raises() -> [RaisedTarget] {
        guard let mean = rule.mean else { return raised }
        let counts = NeymanAllocation.counts(
            weights: spread.map(\.weight), total: Int((mean * Double(spread.count)).rounded()),
            min: rule.min, max: max)
        return zip(spread, counts).compactMap { look, count in
            count > look.draws
                ? RaisedTarget(prompt: look.prompt, from: look.draws, draws: count) : nil
        }
    }
}
