package import OgiveCore

/// What a submission did.
package struct SubmitReceipt: Sendable {
    /// What became of the run.
    package enum Outcome: Hashable, Sendable {
        /// There was no run with this name.
        case created
        /// The run was there and has work left, or is finished and stays so.
        case resumed
        /// The run gets more draws for each prompt.
        case toppedUp(from: Int, to: Int)
        /// The finished run has work again: prompts were added, or candidates are to be scored.
        case reopened
        /// The name stands for a new run, of another specification.
        case repointed
    }

    /// The run.
    package var run: RunDescription
    /// What became of it.
    package var outcome: Outcome
    /// Whether nothing of it is left to do.
    package var isFinished: Bool
    /// Whether it stopped because its budget is spent, and waits for a larger one.
    package var isOutOfBudget: Bool
    /// Prompts in the set now.
    package var prompts: Int
    /// Whether the sampling was made by this submission: its draws all have to be sampled.
    package var samplingIsNew: Bool
    /// Whether the scoring was made by this submission.
    package var scoringIsNew: Bool
    /// Other runs whose draws it shares.
    package var sharedWith: [String]
    /// Draws of each prompt that the sampling was asked for before, when those are more than the
    /// run takes and nobody knows that yet.
    package var formerDraws: Int?
    /// When repointed, the keys in which the specifications differ, as `policy.model: a → b`.
    package var differences: [String]
}
