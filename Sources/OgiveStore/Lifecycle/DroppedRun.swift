/// What dropping a run removes, or would remove.
package struct DroppedRun: Hashable, Sendable {
    /// The run.
    package let run: String
    /// The prompt set, which stays.
    package let promptSet: String
    /// Rewards that go, of draws and candidates; 0 when they stay.
    package var rewards = 0
    /// Completions that go; 0 when they stay.
    package var completions = 0
    /// Bytes on disk that are freed, indexes included.
    package var bytes = 0
    /// Runs that keep the rewards, because they are on the same scoring.
    package var rewardsKeptBy: [String] = []
    /// Runs that keep the completions, because they are on the same sampling.
    package var completionsKeptBy: [String] = []

    init(run: String, promptSet: String) {
        self.run = run
        self.promptSet = promptSet
    }
}

/// What dropping a prompt set removes, or would remove.
package struct DroppedSet: Hashable, Sendable {
    /// The set.
    package let set: String
    /// Its prompts.
    package let prompts: Int
    /// Their candidates.
    package let candidates: Int
}
