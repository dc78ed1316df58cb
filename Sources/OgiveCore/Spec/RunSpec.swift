/// What a user submits and names: a scoring and a target number of draws for each prompt.
package struct RunSpec: Hashable, Sendable, Codable {
    /// The name under which the run is found in SQL and on the command line.
    package var name: String
    /// What is sampled and scored.
    package var scoring: ScoringSpec
    /// n: the number of draws of each prompt, in 1...`drawsMax`.
    package var draws: Int
    /// Whether the candidates that came with the prompts are scored as well.
    package var scoresCandidates: Bool = true
    /// Share of the fleet relative to other runs; more than 0.
    package var weight: Double = 1
    /// Whether missing completions are sampled. A run that samples nothing scores the completions
    /// that other runs of its sampling have stored: a draw without one is not pending.
    package var samples: Bool {
        get { storedSamples ?? true }
        set { storedSamples = newValue ? nil : false }
    }
    /// `nil` for `true`, so that ordinary specifications read as they did before there was a choice.
    private var storedSamples: Bool?

    /// Most draws of one prompt: seeds are `base + index`, and bases leave this much room.
    package static let drawsMax = DrawSeed.room

    /// Names a run.
    package init(name: String, scoring: ScoringSpec, draws: Int) {
        self.name = name
        self.scoring = scoring
        self.draws = draws
    }

    private enum CodingKeys: String, CodingKey {
        case name, scoring, draws, weight
        case scoresCandidates = "scores_candidates"
        case storedSamples = "samples"
    }

    /// What is wrong with the values, as a sentence that names the key; `nil` when they are valid.
    package var problem: String? {
        if name.isEmpty || name.utf8.count > 200 { return "name must have 1 to 200 bytes" }
        if !(1...Self.drawsMax).contains(draws) {
            return "draws must be in 1...\(Self.drawsMax)"
        }
        if !(weight > 0 && weight.isFinite) { return "weight must be more than 0" }
        return scoring.sampling.parameters.problem ?? scoring.sampling.policy.synthetic?.problem
    }
}
