internal import OgiveCore

/// What `ogive adopt` makes of a file: a run whose completions, and rewards where there are some,
/// others made.
package struct Adoption: Hashable, Sendable {
    /// What becomes of prompts that have fewer completions than others, the prompts of the set
    /// that the file does not have among them.
    package enum Uneven: String, Sendable, CaseIterable {
        /// Nothing is adopted.
        case refuse
        /// What is missing becomes a failure, draw by draw.
        case failures
    }

    /// The name of the run.
    package var run: String
    /// The prompt set, which is made when there is none.
    package var promptSet: String
    /// The policy that made the completions, as the user says; nobody can prove it.
    package var model: String
    /// Tells two versions of that policy apart.
    package var revision: String?
    /// What gave the rewards, as the user says.
    package var rewardModel = "unknown"
    /// How the rows are read where a field map says so.
    package var fields: [String: String]?
    /// What becomes of prompts with fewer completions than others.
    package var uneven = Uneven.refuse

    /// Names the run, the set and the policy.
    package init(run: String, promptSet: String, model: String) {
        self.run = run
        self.promptSet = promptSet
        self.model = model
    }

    /// The run's specification: sampling and scoring have the same file as their source.
    func spec(file: SHA256Digest, draws: Int) -> RunSpec {
        let source = AdoptedSource(sha256: file.hex, fields: fields)
        var policy = PolicySpec(kind: .adopted, model: model)
        policy.revision = revision
        policy.logProbabilities = .none
        policy.adopted = source
        let sampling = SamplingSpec(
            promptSet: promptSet, policy: policy, parameters: SamplingParameters())
        let scoring = ScoringSpec(
            sampling: sampling, scorer: ScorerSpec(kind: .adopted(source), model: rewardModel))
        var spec = RunSpec(name: run, scoring: scoring, draws: draws)
        spec.candidates = []
        spec.samples = false
        return spec
    }
}

/// What an adoption did.
package struct AdoptionReceipt: Hashable, Sendable {
    /// What became of the run.
    package enum Outcome: String, Sendable {
        /// It is new.
        case adopted
        /// It was begun by an earlier command that broke off, and is whole now.
        case resumed
        /// It was whole already: nothing changed.
        case unchanged
    }

    /// The run.
    package var run: String
    /// What became of it.
    package var outcome: Outcome
    /// SHA-256 of the file, in hexadecimal.
    package var sha256: String
    /// What became of the prompts; `nil` when nothing changed.
    package var imported: ImportReceipt?
    /// Prompts of the set.
    package var prompts = 0
    /// N, the draws of each prompt.
    package var draws = 0
    /// Prompts that have fewer completions in the file.
    package var unevenPrompts = 0
    /// Completions that landed with this command.
    package var completions = 0
    /// Rewards that landed with this command.
    package var rewards = 0
    /// Failures that landed with this command: what the file does not have.
    package var failures = 0
    /// Draws whose reward is not the file's, because an equal text of their prompt came first with
    /// another one: a text has one reward.
    package var otherRewards = 0
}

/// What `begin` of an adoption found out.
struct AdoptionBeginning: Sendable {
    var receipt: AdoptionReceipt
    /// The run that the rows are to land for; `nil` when it is whole already.
    var run: RunDescription?
    var promptSet: Int64 = 0
    /// The last prompt that the set had then.
    var lastPrompt: Int64 = 0
    /// The length of the longest text in bytes.
    var longestText = 0
}
