package import OgiveCore
internal import Postgres

/// The rewards of a prompt's draws in one run.
package struct QuantileTable: Hashable, Sendable {
    /// The prompt.
    package let prompt: PromptID
    /// Its name within the set.
    package let promptKey: String
    /// Draws that the run asks for.
    package let draws: Int
    /// Whether all of them are there.
    package let isComplete: Bool
    /// Indexes of the draws with a reward, ascending.
    package let drawIndexes: [Int32]
    /// Rewards in the order of `drawIndexes`.
    package let drawRewards: [Double]
    /// Rewards, ascending.
    package let rewards: [Double]

    init(_ row: PostgresRow) throws(PostgresError) {
        prompt = PromptID(try row.decode("prompt_id"))
        promptKey = try row.decode("prompt_key")
        draws = try row.decode("draws")
        isComplete = try row.decode("complete")
        drawIndexes = try row.decode("draw_indexes")
        drawRewards = try row.decode("draw_rewards")
        rewards = try row.decode("rewards")
    }
}

/// How a caller names a prompt of a run.
package enum PromptName: Hashable, Sendable {
    /// By its key within the prompt set.
    case key(String)
    /// By its row in the database.
    case id(PromptID)
}

/// Counts over the tables of a run.
package struct TableSummary: Hashable, Sendable {
    /// Prompts with a reward.
    package let tables: Int
    /// Tables whose rewards are all equal.
    package let degenerate: Int
    /// Tables with all draws of the run.
    package let complete: Int
}

/// A worker as `ogive status` shows it.
package struct WorkerStatus: Hashable, Sendable {
    /// The incarnation.
    package let id: String
    /// Host and process id, as the worker says.
    package let name: String
    /// `active`, `idle`, `draining`, `left` or `lost`.
    package let state: String
    /// Why it gets no work.
    package let note: String?
    /// When that was recorded, in UTC.
    package let seenAt: String
    /// The coordinator that leads.
    package let coordinator: String?
    /// Endpoints of its models that get no requests for now.
    package let shut: [ShutEndpoint]
}

/// An endpoint that gets no requests, as a worker told.
package struct ShutEndpoint: Hashable, Sendable, Decodable {
    /// What it serves: `policy` or `scorer`, the adapter and the model.
    package let model: String
    /// Its address.
    package let endpoint: String
    /// The kind of failure that shut it.
    package let code: String
    /// What a person needs to know.
    package let message: String
    /// Since when no request to it was answered, in UTC.
    package let since: String
}
